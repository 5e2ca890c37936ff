import { Button, Group, Text } from '@mantine/core'
import { useLocalStorage } from '@mantine/hooks'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { sendJson } from '../../api/client.ts'
import { ApiError } from '../../api/problem-error.ts'
import type { WorkflowDetail } from '../../api/shapes.ts'
import { workflowQuery } from '../../api/workflows.ts'
import { CodeEditor } from '../../editor/code-editor.tsx'
import { DefinitionEditor, UploadButton } from '../../editor/definition-editor.tsx'
import type { DefinitionReport } from '../../editor/definition-lint.ts'
import { DiffView } from '../../editor/diff-view.tsx'
import { ErrorState } from '../../parts/error-state.tsx'
import { toastDone } from '../../parts/toasts.tsx'
import { pretty } from './pretty.ts'
import { Unread } from '../../parts/unread.tsx'

/** The definition of a version: the latest can be edited, older ones are read only. */
export function DefinitionTab({ latest, version }: { latest: WorkflowDetail; version: number | undefined }) {
  if (version !== undefined && version !== latest.version) return <OldVersion name={latest.name} version={version} />
  return <LatestVersion workflow={latest} />
}

function OldVersion({ name, version }: { name: string; version: number }) {
  const { data, error, refetch } = useQuery(workflowQuery(name, version))
  if (data === undefined) return <Unread error={error} onRetry={() => void refetch()} rows={12} />
  return (
    <>
      <Text size="sm" className="quiet" mb="xs">
        Version {version}, as it was saved. Runs that began with it go on with it.
      </Text>
      <CodeEditor label={`Definition, version ${version}`} value={pretty(data.definition)} height="65vh" />
    </>
  )
}

function LatestVersion({ workflow }: { workflow: WorkflowDetail }) {
  const queries = useQueryClient()
  const saved = pretty(workflow.definition)
  // Kept in the browser, with the version that it began from, until it is saved or given up.
  const [draft, setDraft, dropDraft] = useLocalStorage<{ version: number; text: string } | null>({
    key: `sluice-draft-${workflow.name}`,
    defaultValue: null,
    getInitialValueInEffect: false,
  })
  const [report, setReport] = useState<DefinitionReport>(null)
  const [comparing, setComparing] = useState(false)
  const text = draft?.text ?? saved
  const isChanged = text !== saved
  const base = draft?.version ?? workflow.version
  const reread = () => queries.invalidateQueries({ queryKey: ['workflow', workflow.name] })
  const save = useMutation({
    mutationFn: (against: number) =>
      sendJson<WorkflowDetail>('PUT', `workflows/${workflow.id}`, JSON.parse(text), {
        headers: { 'if-match': `"${against}"` },
      }),
    onSuccess: async ({ version }, against) => {
      dropDraft()
      toastDone(version === against ? `Nothing changed: still version ${version}` : `Saved version ${version}`)
      await reread()
    },
    // What is compared with, and saved on top of, is then the version that came in between.
    onError: (error) => (isOutrunBy(error) ? reread() : undefined),
  })
  const isOutrun = isOutrunBy(save.error)
  const isValid = report !== null && report.problems.length === 0
  return (
    <>
      <Group mb="xs" justify="space-between">
        <Group gap="xs">
          <UploadButton onText={(read) => setDraft({ version: base, text: read })} />
          <Button variant="default" disabled={!isChanged} onClick={() => setComparing(!comparing)}>
            {comparing ? 'Edit' : 'Compare with what is saved'}
          </Button>
        </Group>
        <Group gap="xs">
          <Button variant="default" disabled={!isChanged} onClick={dropDraft}>
            Discard changes
          </Button>
          <Button disabled={!isChanged || !isValid} loading={save.isPending} onClick={() => save.mutate(base)}>
            Save as version {workflow.version + 1}
          </Button>
        </Group>
      </Group>
      {save.error !== null && !isOutrun && <ErrorState error={save.error} />}
      {isOutrun && <Outrun onCompare={() => setComparing(true)} onTake={() => save.mutate(workflow.version)} />}
      {comparing && isChanged ? (
        <DiffView a={saved} b={text} labelA={`Version ${workflow.version}`} labelB="Your changes" />
      ) : (
        <DefinitionEditor
          value={text}
          onChange={(next) => (next === saved ? dropDraft() : setDraft({ version: base, text: next }))}
          onReport={setReport}
          height="58vh"
        />
      )}
    </>
  )
}

function isOutrunBy(error: Error | null): boolean {
  return error instanceof ApiError && error.status === 412
}

/** Somebody else has saved meanwhile. */
function Outrun({ onCompare, onTake }: { onCompare: () => void; onTake: () => void }) {
  return (
    <Group role="alert" className="card panel tone-amber" mb="xs" justify="space-between">
      <Text size="sm">Somebody saved another version while you were writing. Look at the difference first.</Text>
      <Group gap="xs">
        <Button size="xs" variant="default" onClick={onCompare}>
          Compare with theirs
        </Button>
        <Button size="xs" variant="default" onClick={onTake}>
          Save mine on top
        </Button>
      </Group>
    </Group>
  )
}
