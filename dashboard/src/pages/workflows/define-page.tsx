import { Button, Group, Select } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { useEffect, useState } from 'react'
import { sendJson } from '../../api/client.ts'
import type { WorkflowDetail } from '../../api/shapes.ts'
import { DefinitionEditor, UploadButton } from '../../editor/definition-editor.tsx'
import type { DefinitionReport } from '../../editor/definition-lint.ts'
import { ErrorState } from '../../parts/error-state.tsx'
import { PageHeader } from '../../parts/page-header.tsx'
import { toastDone } from '../../parts/toasts.tsx'
import { useTitle } from '../../parts/use-title.ts'
import { EXAMPLE_NAMES, loadExample } from './examples.ts'

const route = getRouteApi('/define')

const BLANK = `{
  "name": "my-workflow",
  "steps": [
    { "id": "first", "config": { "action": "echo" } },
    { "id": "second", "config": { "action": "echo" }, "depends_on": ["first"] }
  ]
}
`

/** Writes a new workflow: from nothing, an example, or a file. */
export function DefinePage() {
  useTitle('New workflow')
  const { example } = route.useSearch()
  const navigate = useNavigate()
  const queries = useQueryClient()
  const [text, setText] = useState(BLANK)
  const [report, setReport] = useState<DefinitionReport>(null)
  useEffect(() => {
    if (example === undefined) return
    void loadExample(example).then((found) => found !== null && setText(found))
  }, [example])
  const save = useMutation({
    mutationFn: () => sendJson<WorkflowDetail>('POST', 'workflows', JSON.parse(text)),
    onSuccess: async (saved) => {
      await queries.invalidateQueries({ queryKey: ['workflows'] })
      toastDone(`Saved ${saved.name}, version ${saved.version}`)
      await navigate({ to: '/workflows/$workflow', params: { workflow: saved.name } })
    },
  })
  const isValid = report !== null && report.problems.length === 0
  return (
    <>
      <PageHeader title="New workflow" text="JSON, checked while you write. Ctrl-Space completes.">
        <Button onClick={() => save.mutate()} disabled={!isValid} loading={save.isPending}>
          Save
        </Button>
      </PageHeader>
      <Group mb="md" align="flex-end">
        <Select
          label="Begin with an example"
          placeholder="None"
          data={[...EXAMPLE_NAMES]}
          value={example ?? null}
          searchable
          clearable
          onChange={(name) => void navigate({ to: '/define', search: { example: name ?? undefined }, replace: true })}
        />
        <UploadButton onText={setText} />
      </Group>
      {save.error !== null && <ErrorState error={save.error} />}
      <DefinitionEditor value={text} onChange={setText} onReport={setReport} height="62vh" />
    </>
  )
}
