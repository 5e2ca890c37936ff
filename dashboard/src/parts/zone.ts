import { useLocalStorage } from '@mantine/hooks'

const STORED: { key: string; defaultValue: string } = { key: 'sluice-zone', defaultValue: 'local' }

/** The zone of this browser, an IANA name. */
export const OWN_ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone

/** The zone that times are shown in (an IANA name), and how to choose another; `local` follows the browser. */
export function useZone(): { zone: string; choice: string; choose: (choice: string) => void } {
  const [choice, choose] = useLocalStorage({ ...STORED, getInitialValueInEffect: false })
  return { zone: zoneOf(choice), choice, choose }
}

function zoneOf(choice: string): string {
  if (choice === 'local') return OWN_ZONE
  return choice === 'UTC' || Intl.supportedValuesOf('timeZone').includes(choice) ? choice : OWN_ZONE
}
