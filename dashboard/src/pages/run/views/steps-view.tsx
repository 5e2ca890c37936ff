import { Button, Chip, Group, Switch, Text, TextInput } from '@mantine/core'
import { IconFilterOff, IconSearch } from '@tabler/icons-react'
import { useMemo } from 'react'
import { EmptyState } from '../../../parts/empty-state.tsx'
import { STEP_FILTERS, type StepFilter } from '../search-words.ts'
import { countSteps, isItem, shownSteps } from '../step-rows.ts'
import { useRunPlace } from '../use-run-place.ts'
import type { ViewProps } from '../view-props.ts'
import { StepTable } from './step-table.tsx'

const NAMES: Record<StepFilter | 'all', string> = {
  all: 'All',
  failed: 'Failed',
  running: 'Running',
  retrying: 'Retrying',
  waiting: 'Waiting',
  pending: 'Pending',
  done: 'Done',
}

/** All steps of a run as a table, which can be filtered: what the graph shows, for those who do not see or want it. */
export function StepsView({ run, selected, onSelect }: ViewProps) {
  const { search, go } = useRunPlace()
  const { only, q, items } = search
  const withItems = items === '1'
  const hasItems = useMemo(() => run.steps.some(isItem), [run.steps])
  const counts = useMemo(() => countSteps(run.steps, withItems), [run.steps, withItems])
  const steps = useMemo(
    () => shownSteps(run.steps, { only, search: q, items: withItems }),
    [run.steps, only, q, withItems],
  )
  const clear = () => go({ only: undefined, q: undefined }, { replace: true })
  return (
    <>
      <Group gap="xs" mb="xs" className="steps-filter">
        <Chip.Group
          value={only ?? 'all'}
          onChange={(value) => go({ only: value === 'all' ? undefined : (value as StepFilter) }, { replace: true })}
        >
          <Group gap={4} role="radiogroup" aria-label="Steps by status">
            {(['all', ...STEP_FILTERS] as const).map((filter) => (
              <Chip key={filter} value={filter} size="xs" variant="outline">
                {NAMES[filter]} {counts[filter].toLocaleString('en')}
              </Chip>
            ))}
          </Group>
        </Chip.Group>
        <TextInput
          size="xs"
          aria-label="Find a step"
          placeholder="Find a step"
          leftSection={<IconSearch size={14} aria-hidden />}
          value={q ?? ''}
          onChange={(event) => go({ q: event.currentTarget.value }, { replace: true })}
          className="steps-search"
        />
        {hasItems && (
          <Switch
            size="xs"
            label="Items of maps"
            checked={withItems}
            onChange={(event) => go({ items: event.currentTarget.checked ? '1' : undefined }, { replace: true })}
          />
        )}
      </Group>
      {steps.length === 0 ? (
        <EmptyState icon={IconFilterOff} title="No step is like that">
          <Button size="xs" variant="default" onClick={clear}>
            Clear filters
          </Button>
        </EmptyState>
      ) : (
        <StepTable steps={steps} selected={selected} onSelect={onSelect} />
      )}
      <Text size="xs" className="quiet" mt={6} role="status">
        {steps.length === counts.all
          ? `${counts.all.toLocaleString('en')} ${counts.all === 1 ? 'step' : 'steps'}`
          : `${steps.length.toLocaleString('en')} of ${counts.all.toLocaleString('en')} steps`}
      </Text>
    </>
  )
}
