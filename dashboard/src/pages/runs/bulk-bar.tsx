import { Button, Text } from '@mantine/core'
import { type Icon, IconArrowsDiff, IconBan, IconRefresh, IconRepeat, IconX } from '@tabler/icons-react'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import type { RunAction } from '../../api/run-list.ts'
import { serverNow } from '../../api/server-clock.ts'
import type { RunEntry } from '../../api/shapes.ts'
import { LinkButton } from '../../parts/link-button.tsx'
import { toastError } from '../../parts/toasts.tsx'
import { controlAll, controlSelected, suits } from './bulk-control.tsx'
import { filterOf, type RunSearch } from './run-search.ts'
import type { Selection } from './selection.ts'

const LOOKS: Record<RunAction, [string, Icon]> = {
  cancel: ['Cancel', IconBan],
  retry: ['Retry', IconRefresh],
  rerun: ['Rerun', IconRepeat],
}

/** What can be done to the selected runs. */
export function BulkBar(props: {
  selection: Selection
  runs: readonly RunEntry[]
  search: RunSearch
  /** Whether the filters find more than is loaded. */
  hasMore: boolean
}) {
  const { selection, runs, search, hasMore } = props
  const cache = useQueryClient()
  const chosen = runs.filter(({ id }) => selection.ids.has(id))
  const action = useMutation({
    mutationFn: (verb: RunAction) =>
      selection.all && verb !== 'rerun' ? controlAll(verb, pinned(search)) : controlSelected(verb, chosen),
    onError: toastError,
    onSuccess: (done) => {
      if (!done) return
      selection.clear()
      // Its progress comes by the stream; this is for those who have none.
      void cache.invalidateQueries({ queryKey: ['newest-runs'] })
    },
  })
  if (!selection.all && chosen.length === 0) return null
  const button = (verb: RunAction) => {
    const count = chosen.filter((run) => suits(verb, run)).length
    const [word, Icon] = LOOKS[verb]
    return (
      <Button
        size="xs"
        variant="default"
        leftSection={<Icon size={14} aria-hidden />}
        disabled={!selection.all && count === 0}
        loading={action.isPending && action.variables === verb}
        onClick={() => action.mutate(verb)}
      >
        {word}
        {selection.all ? '…' : ` ${count}`}
      </Button>
    )
  }
  const allLoaded = chosen.length === runs.length
  return (
    <div className="card run-bulk" role="region" aria-label="Selected runs">
      <Text size="sm" fw={600} role="status">
        {selection.all ? 'All runs that the filters find are selected' : `${chosen.length} selected`}
      </Text>
      {!selection.all && allLoaded && hasMore && (
        <Button size="compact-xs" variant="subtle" onClick={selection.chooseAll}>
          Select all that the filters find
        </Button>
      )}
      {button('cancel')}
      {button('retry')}
      {!selection.all && button('rerun')}
      {!selection.all && chosen.length === 2 && (
        <LinkButton
          to="/runs/compare"
          search={{ a: chosen[1]?.id, b: chosen[0]?.id }}
          size="xs"
          variant="default"
          leftSection={<IconArrowsDiff size={14} aria-hidden />}
        >
          Compare
        </LinkButton>
      )}
      <Button
        size="xs"
        variant="subtle"
        color="gray"
        leftSection={<IconX size={14} aria-hidden />}
        onClick={selection.clear}
      >
        Clear selection
      </Button>
    </div>
  )
}

/** The filters as of now: runs that are created while someone confirms are not meant. */
function pinned(search: RunSearch) {
  const now = serverNow()
  const filter = filterOf(search, now)
  return { ...filter, created_before: filter.created_before ?? new Date(now).toISOString() }
}
