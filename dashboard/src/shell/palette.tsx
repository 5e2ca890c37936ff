import { Spotlight } from '@mantine/spotlight'
import { IconBook2, IconListDetails, IconSearch } from '@tabler/icons-react'
import { useNavigate } from '@tanstack/react-router'
import { useNavPages } from './nav.ts'

/** Ctrl-K: every page by its name. */
export function Palette() {
  const navigate = useNavigate()
  const pages = useNavPages().map(({ path, label, icon: Icon, letter }) => ({
    id: path,
    label,
    description: `g ${letter}`,
    leftSection: <Icon size={18} stroke={1.6} aria-hidden />,
    onClick: () => void navigate({ to: path }),
  }))
  const leave = (path: string) => () => window.location.assign(new URL(path, document.baseURI))
  return (
    <Spotlight
      shortcut={['mod + K']}
      nothingFound="Nothing of that name"
      highlightQuery
      searchProps={{ leftSection: <IconSearch size={18} aria-hidden />, placeholder: 'Go to…', 'aria-label': 'Go to' }}
      actions={[
        { group: 'Pages', actions: pages },
        {
          group: 'Elsewhere',
          actions: [
            {
              id: 'queues',
              label: 'Queues (Bull Board)',
              leftSection: <IconListDetails size={18} aria-hidden />,
              onClick: leave('queues'),
            },
            {
              id: 'docs',
              label: 'API documentation',
              leftSection: <IconBook2 size={18} aria-hidden />,
              onClick: leave('docs'),
            },
          ],
        },
      ]}
    />
  )
}
