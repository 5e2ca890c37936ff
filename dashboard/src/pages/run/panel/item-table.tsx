import { Anchor, Chip, Group, Pagination, Table, Text } from '@mantine/core'
import { useMemo, useState } from 'react'
import type { Run, Step } from '../../../api/shapes.ts'
import { StepDuration } from '../../../parts/step-duration.tsx'
import { StatusBadge } from '../../../parts/status-badge.tsx'
import { atStep, useRunPlace } from '../use-run-place.ts'

const PAGE = 20

/** The items of a map, a page at a time. */
export function ItemTable({ run, map }: { run: Run; map: Step }) {
  const { go } = useRunPlace()
  const [page, setPage] = useState(1)
  const [failedOnly, setFailedOnly] = useState(false)
  const items = useMemo(
    () =>
      run.steps.filter(
        (step) =>
          step.parent_step_id === map.step_id &&
          step.step_id.startsWith(`${map.step_id}[`) &&
          !step.step_id.endsWith('.compensate'),
      ),
    [run.steps, map.step_id],
  )
  const shown = failedOnly ? items.filter(({ status }) => status === 'failed') : items
  const pages = Math.max(1, Math.ceil(shown.length / PAGE))
  const from = (Math.min(page, pages) - 1) * PAGE
  return (
    <section aria-label="Items of the map">
      <Group justify="space-between" mb={4}>
        <Text size="sm" fw={600} component="h3">
          Items
        </Text>
        <Chip size="xs" variant="outline" checked={failedOnly} onChange={setFailedOnly}>
          Failed only
        </Chip>
      </Group>
      <Table aria-label="Items">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Item</Table.Th>
            <Table.Th>Status</Table.Th>
            <Table.Th>Took</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {shown.slice(from, from + PAGE).map((item) => (
            <Table.Tr key={item.step_id}>
              <Table.Td>
                <Anchor component="button" type="button" size="sm" onClick={() => go(atStep(item.step_id))}>
                  {item.step_id}
                </Anchor>
              </Table.Td>
              <Table.Td>
                <StatusBadge status={item.status} />
              </Table.Td>
              <Table.Td>
                <StepDuration step={item} />
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      {shown.length === 0 && (
        <Text size="sm" className="quiet">
          {failedOnly ? 'No item has failed.' : 'There are no items.'}
        </Text>
      )}
      {pages > 1 && (
        <Pagination
          size="xs"
          mt="xs"
          total={pages}
          value={Math.min(page, pages)}
          onChange={setPage}
          getControlProps={(control) => ({ 'aria-label': `${control} page` })}
          getItemProps={(number) => ({ 'aria-label': `Page ${number}` })}
        />
      )}
    </section>
  )
}
