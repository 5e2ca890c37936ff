import { Kbd, Modal, Table } from '@mantine/core'
import { useNavPages } from './nav.ts'

const GENERAL = [
  { keys: ['Ctrl', 'K'], does: 'Go to a page by its name' },
  { keys: ['/'], does: 'The same' },
  { keys: ['?'], does: 'This sheet' },
  { keys: ['Esc'], does: 'Close what is open' },
  { keys: ['j', 'k'], does: 'Next and previous row: runs of the list, steps of a run' },
  { keys: ['x'], does: 'Select the run of the list' },
  { keys: ['Space'], does: 'Look into the run of the list' },
]

/** All shortcuts that work on every page. */
export function ShortcutSheet({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const pages = useNavPages().map(({ letter, label }) => ({ keys: ['g', letter], does: `Go to ${label}` }))
  return (
    <Modal opened={opened} onClose={onClose} title="Keyboard shortcuts" closeButtonProps={{ 'aria-label': 'Close' }}>
      <Table withRowBorders={false}>
        <Table.Tbody>
          {[...GENERAL, ...pages].map(({ keys, does }) => (
            <Table.Tr key={does}>
              <Table.Td w={120}>
                {keys.map((key) => (
                  <Kbd key={key} mr={4}>
                    {key}
                  </Kbd>
                ))}
              </Table.Td>
              <Table.Td>{does}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Modal>
  )
}
