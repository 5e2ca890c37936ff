import { Anchor, Table, Text } from '@mantine/core'
import { IconExternalLink } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { statsQuery } from '../../api/stats.ts'
import { Loaded } from '../../parts/loaded.tsx'
import { Panel } from '../../parts/panel.tsx'
import { DriftCheck } from './drift-check.tsx'

const COLUMNS = [
  { word: 'Waiting', states: ['wait', 'waiting', 'prioritized', 'paused'] },
  { word: 'Delayed', states: ['delayed'] },
  { word: 'Active', states: ['active'] },
  { word: 'Parents', states: ['waiting-children'] },
]

/** How many jobs there are in each queue, and whether that agrees with Postgres. */
export function QueuesPanel() {
  return (
    <Panel
      title="Queues"
      actions={
        <Anchor href={new URL('queues', document.baseURI).pathname} size="sm">
          Bull Board <IconExternalLink size={13} aria-hidden />
        </Anchor>
      }
    >
      <Loaded query={useQuery(statsQuery)}>
        {({ queues }) =>
          queues === null ? <Text>The queue does not answer right now.</Text> : <Depths queues={queues} />
        }
      </Loaded>
      <DriftCheck />
    </Panel>
  )
}

function Depths({ queues }: { queues: Record<string, Record<string, number>> }) {
  return (
    <Table className="short-table" horizontalSpacing={6}>
      <Table.Thead>
        <Table.Tr>
          <Table.Th>Queue</Table.Th>
          {COLUMNS.map(({ word }) => (
            <Table.Th key={word} ta="right">
              {word}
            </Table.Th>
          ))}
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {Object.entries(queues).map(([name, counts]) => (
          <Table.Tr key={name}>
            <Table.Td>{name}</Table.Td>
            {COLUMNS.map(({ word, states }) => (
              <Table.Td key={word} ta="right">
                {states.reduce((sum, state) => sum + (counts[state] ?? 0), 0).toLocaleString('en')}
              </Table.Td>
            ))}
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  )
}
