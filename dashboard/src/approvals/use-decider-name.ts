import { useLocalStorage } from '@mantine/hooks'

/** The name under which this browser's user decides; it is sent as `by`. */
export function useDeciderName(): [string, (name: string) => void] {
  const [name, setName] = useLocalStorage({ key: 'sluice-name', defaultValue: '', getInitialValueInEffect: false })
  return [name, setName]
}
