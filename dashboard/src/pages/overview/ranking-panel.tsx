import { Table, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { historyQuery } from '../../api/overview.ts'
import type { History } from '../../api/shapes.ts'
import { Loaded } from '../../parts/loaded.tsx'
import { Panel } from '../../parts/panel.tsx'
import { durationText } from '../../parts/time-text.ts'
import { TextLink } from '../../parts/text-link.tsx'

const route = getRouteApi('/')

type Ranked = History['slowest'][number]

/** Which workflows failed most, and which took longest, in the time of the chart. */
export function RankingPanel() {
  const { range = '1h' } = route.useSearch()
  const query = useQuery(historyQuery(range))
  return (
    <>
      <Panel title="Most failing workflows">
        <Loaded query={query}>
          {({ most_failing }) => (
            <Ranking rows={most_failing} empty="No run failed in this time" head={['Failed', 'Of']}>
              {({ failed, runs }) => [failed.toLocaleString('en'), runs.toLocaleString('en')]}
            </Ranking>
          )}
        </Loaded>
      </Panel>
      <Panel title="Slowest workflows">
        <Loaded query={query}>
          {({ slowest }) => (
            <Ranking rows={slowest} empty="No run completed in this time" head={['Median', 'p95']}>
              {({ p50_ms, p95_ms }) => [durationText(p50_ms ?? 0), durationText(p95_ms ?? 0)]}
            </Ranking>
          )}
        </Loaded>
      </Panel>
    </>
  )
}

function Ranking(props: {
  rows: readonly Ranked[]
  empty: string
  head: readonly [string, string]
  children: (row: Ranked) => readonly [string, string]
}) {
  if (props.rows.length === 0) return <Text className="quiet">{props.empty}</Text>
  const [first, second] = props.head
  return (
    <Table className="short-table" horizontalSpacing={6}>
      <Table.Thead>
        <Table.Tr>
          <Table.Th>Workflow</Table.Th>
          <Table.Th ta="right">{first}</Table.Th>
          <Table.Th ta="right">{second}</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {props.rows.map((row) => {
          const [one, two] = props.children(row)
          return (
            <Table.Tr key={row.id}>
              <Table.Td>
                <TextLink to="/workflows/$workflow" params={{ workflow: row.name }} size="sm">
                  {row.name}
                </TextLink>
              </Table.Td>
              <Table.Td ta="right">{one}</Table.Td>
              <Table.Td ta="right">{two}</Table.Td>
            </Table.Tr>
          )
        })}
      </Table.Tbody>
    </Table>
  )
}
