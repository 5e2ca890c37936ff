import { createTheme, type MantineColorsTuple } from '@mantine/core'

const water: MantineColorsTuple = [
  '#e8f6fb',
  '#d5e9f1',
  '#a8d3e3',
  '#78bcd5',
  '#52a9c9',
  '#3a9dc2',
  '#2b8fb3',
  '#1c7192',
  '#146480',
  '#07495f',
]

/** Colours, type and defaults of the whole dashboard. */
export const theme = createTheme({
  primaryColor: 'water',
  primaryShade: { light: 7, dark: 7 },
  colors: { water },
  autoContrast: true,
  respectReducedMotion: true,
  fontFamily: "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'DejaVu Sans', sans-serif",
  fontFamilyMonospace: "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace",
  headings: { fontWeight: '600', sizes: { h1: { fontSize: '1.375rem' }, h2: { fontSize: '1rem' } } },
  defaultRadius: 'md',
  components: {
    Tooltip: { defaultProps: { openDelay: 300, events: { hover: true, focus: true, touch: true } } },
    // A header of a dialog is not the banner of the page.
    ModalHeader: { defaultProps: { role: 'presentation' } },
    Badge: { defaultProps: { variant: 'light', tt: 'none' } },
  },
})
