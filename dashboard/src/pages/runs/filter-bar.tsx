import { Autocomplete, Button, Group, TextInput } from '@mantine/core'
import { IconFilterOff, IconRoute, IconSearch, IconTag } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import type { ReactNode, RefObject } from 'react'
import { statsQuery } from '../../api/stats.ts'
import { workflowNamesQuery } from '../../api/workflows.ts'
import { StatusChips } from '../../parts/status-chips.tsx'
import { RUN_STATUSES } from '../../../../src/workflow/states.ts'
import { isFiltered, type RunSearch } from './run-search.ts'
import { TimeRange } from './time-range.tsx'
import { Typed } from '../../parts/typed-field.tsx'

/** What is asked of the list; `children` stand at its end. */
export function FilterBar(props: {
  search: RunSearch
  onChange: (change: Partial<RunSearch>) => void
  onClear: () => void
  searchRef: RefObject<HTMLInputElement | null>
  children?: ReactNode
}) {
  const { search, onChange, onClear, searchRef } = props
  const { data: names } = useQuery(workflowNamesQuery(search.workflow ?? ''))
  const { data: stats } = useQuery(statsQuery)
  return (
    <search className="run-filters" aria-label="Filter runs">
      <StatusChips
        statuses={RUN_STATUSES}
        chosen={search.status}
        onChange={(status) => onChange({ status })}
        counts={isFiltered({ ...search, status: undefined }) ? undefined : stats?.runs}
      />
      <Group gap={6}>
        <Typed
          value={search.search}
          onChange={(text) => onChange({ search: text })}
          render={(field) => (
            <TextInput
              {...field}
              ref={searchRef}
              size="xs"
              className="run-search"
              aria-label="Search runs"
              placeholder="Id, workflow or tag"
              leftSection={<IconSearch size={14} aria-hidden />}
              rightSection={<kbd className="key-hint">/</kbd>}
            />
          )}
        />
        <Typed
          value={search.workflow}
          onChange={(text) => onChange({ workflow: text })}
          render={({ value, onChange }) => (
            <Autocomplete
              size="xs"
              aria-label="Workflow"
              placeholder="Any workflow"
              className="run-workflow"
              leftSection={<IconRoute size={14} aria-hidden />}
              data={names ?? []}
              limit={50}
              value={value}
              onChange={(text) => onChange({ currentTarget: { value: text } })}
            />
          )}
        />
        <Typed
          value={search.tag}
          onChange={(text) => onChange({ tag: text })}
          render={(field) => (
            <TextInput
              {...field}
              size="xs"
              className="run-tag"
              aria-label="Tag"
              placeholder="Any tag"
              leftSection={<IconTag size={14} aria-hidden />}
            />
          )}
        />
        <TimeRange search={search} onChange={onChange} />
        {isFiltered(search) && (
          <Button
            size="xs"
            variant="subtle"
            color="gray"
            leftSection={<IconFilterOff size={14} aria-hidden />}
            onClick={onClear}
          >
            Clear
          </Button>
        )}
        <Group gap={6} ml="auto">
          {props.children}
        </Group>
      </Group>
    </search>
  )
}
