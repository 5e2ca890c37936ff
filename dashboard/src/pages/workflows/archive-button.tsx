import { Button } from '@mantine/core'
import { IconArchive, IconArchiveOff } from '@tabler/icons-react'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { sendJson } from '../../api/client.ts'
import type { WorkflowDetail } from '../../api/shapes.ts'
import { ask } from '../../parts/ask.tsx'
import { toastDone, toastError } from '../../parts/toasts.tsx'

/** Archives a workflow, after a question, or brings it back by storing its definition again. */
export function ArchiveButton({ workflow }: { workflow: WorkflowDetail }) {
  const queries = useQueryClient()
  const isArchived = workflow.archived_at !== null
  const change = useMutation({
    mutationFn: () =>
      isArchived
        ? sendJson('POST', 'workflows', workflow.definition)
        : sendJson('DELETE', `workflows/${encodeURIComponent(workflow.name)}`),
    onSuccess: async () => {
      toastDone(isArchived ? `${workflow.name} is back` : `Archived ${workflow.name}`)
      await Promise.all(
        [['workflow', workflow.name], ['workflows']].map((queryKey) => queries.invalidateQueries({ queryKey })),
      )
    },
    onError: toastError,
  })
  const archive = async () => {
    const text =
      'No run of it can be started, by whatever way, and lists leave it out. Runs that it has go on, and can be looked at.'
    if (await ask({ title: `Archive ${workflow.name}?`, text, confirm: 'Archive', danger: true })) change.mutate()
  }
  return (
    <Button
      variant="default"
      loading={change.isPending}
      leftSection={isArchived ? <IconArchiveOff size={16} aria-hidden /> : <IconArchive size={16} aria-hidden />}
      onClick={() => (isArchived ? change.mutate() : void archive())}
    >
      {isArchived ? 'Bring back' : 'Archive…'}
    </Button>
  )
}
