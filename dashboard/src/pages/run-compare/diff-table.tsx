import { Table } from '@mantine/core'
import type { RunDiff } from '../../api/shapes.ts'
import { StatusBadge } from '../../parts/status-badge.tsx'
import { durationText } from '../../parts/time-text.ts'

/** As many rows as are drawn at first; a run of thousands of steps is better filtered. */
const MOST_ROWS = 500

type DiffStep = RunDiff['steps'][number]

/** Each step in both runs: status, duration, attempts, and what of it differs. */
export function DiffTable(props: {
  steps: readonly DiffStep[]
  selected: string | undefined
  onSelect: (stepId: string | undefined) => void
}) {
  const { steps, selected, onSelect } = props
  return (
    <Table.ScrollContainer
      type="native"
      minWidth={640}
      className="card"
      tabIndex={0}
      role="region"
      aria-label="Steps of both runs"
    >
      <Table aria-label="Steps" highlightOnHover>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Step</Table.Th>
            <Table.Th w={132}>A</Table.Th>
            <Table.Th w={132}>B</Table.Th>
            <Table.Th ta="right" w={120}>
              Duration in A
            </Table.Th>
            <Table.Th ta="right" w={90}>
              in B
            </Table.Th>
            <Table.Th ta="right" w={110}>
              Difference
            </Table.Th>
            <Table.Th>What differs</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {steps.slice(0, MOST_ROWS).map((step) => (
            <Row key={step.step_id} step={step} isSelected={step.step_id === selected} onSelect={onSelect} />
          ))}
        </Table.Tbody>
        {steps.length > MOST_ROWS && (
          <Table.Caption>
            The first {MOST_ROWS} of {steps.length.toLocaleString('en')} steps
          </Table.Caption>
        )}
      </Table>
    </Table.ScrollContainer>
  )
}

function Row(props: { step: DiffStep; isSelected: boolean; onSelect: (stepId: string | undefined) => void }) {
  const { step, isSelected, onSelect } = props
  const { step_id: id, a, b, duration_delta_ms: delta } = step
  return (
    <Table.Tr data-selected={isSelected} className="diff-row" onClick={() => onSelect(isSelected ? undefined : id)}>
      <Table.Td>
        <button type="button" className="diff-button" aria-pressed={isSelected}>
          {id}
        </button>
      </Table.Td>
      <Table.Td>{a === null ? <span className="quiet">not there</span> : <StatusBadge status={a.status} />}</Table.Td>
      <Table.Td>{b === null ? <span className="quiet">not there</span> : <StatusBadge status={b.status} />}</Table.Td>
      <Table.Td ta="right">{timeText(a?.duration_ms)}</Table.Td>
      <Table.Td ta="right">{timeText(b?.duration_ms)}</Table.Td>
      <Table.Td ta="right">{delta === null ? '' : signed(delta)}</Table.Td>
      <Table.Td>{whatDiffers(step) || <span className="quiet">nothing</span>}</Table.Td>
    </Table.Tr>
  )
}

function timeText(ms: number | null | undefined): string {
  return ms === null || ms === undefined ? '–' : durationText(ms)
}

function signed(ms: number): string {
  if (Math.round(ms) === 0) return '0'
  return `${ms > 0 ? '+' : '−'}${durationText(Math.abs(ms))}`
}

function whatDiffers({ differs, a, b, only_in: onlyIn }: DiffStep): string {
  if (onlyIn !== undefined) return `only in ${onlyIn.toUpperCase()}`
  const parts = differs.map((what) =>
    what === 'attempts' ? `attempts: ${a?.attempts ?? 0} and ${b?.attempts ?? 0}` : what,
  )
  return [...(a?.status === b?.status ? [] : ['status']), ...parts].join(', ')
}
