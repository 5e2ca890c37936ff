import { Alert, Button, Code, Group, List, Modal, Skeleton, Stack, Text } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useMutation, useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { lazy, Suspense, useMemo, useState } from 'react'
import { sendJson } from '../../../api/client.ts'
import { workflowQuery } from '../../../api/workflows.ts'
import type { Run } from '../../../api/shapes.ts'
import { ErrorState } from '../../../parts/error-state.tsx'
import { inputFaults } from '../../../parts/input-faults.ts'
import { JsonField, parseJson } from '../../../parts/json-field.tsx'
import { toastDone } from '../../../parts/toasts.tsx'

const DiffView = lazy(() => import('../../../editor/diff-view.tsx').then((module) => ({ default: module.DiffView })))

/** Starts a new run of the same version, with the input as it is or edited. */
export function RerunDialog({ run, onClose }: { run: Run; onClose: () => void }) {
  const navigate = useNavigate()
  const original = useMemo(() => JSON.stringify(run.input ?? {}, null, 2), [run.input])
  const [text, setText] = useState(original)
  const [showsChanges, changes] = useDisclosure()
  const isEdited = text !== original
  const { data: workflow } = useQuery(workflowQuery(run.workflow_name, run.workflow_version))
  const { value, error: syntax } = parseJson(text)
  const schema = workflow?.definition['input_schema']
  const faults = useMemo(() => (syntax === null ? inputFaults(schema, value ?? {}) : []), [schema, syntax, value])
  const rerun = useMutation({
    mutationFn: () => sendJson<Run>('POST', `runs/${run.id}/rerun`, isEdited ? { input: value ?? {} } : {}),
    onSuccess: (made) => {
      onClose()
      toastDone('A new run has started')
      void navigate({ to: '/runs/$run', params: { run: made.id } })
    },
  })
  return (
    <Modal
      opened
      onClose={onClose}
      title="Rerun with this input"
      size="lg"
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <Stack gap="sm">
        <Text size="sm">
          Starts a new run of {run.workflow_name} version {run.workflow_version} with the context, tags
          {run.order_id === null ? '' : ', order'} and priority of this one. This run stays as it is.
        </Text>
        <JsonField label="Input" value={text} onChange={setText} error={syntax} height="280px" />
        {showsChanges && isEdited && (
          <Suspense fallback={<Skeleton height={160} />}>
            <DiffView a={original} b={text} labelA="Input of this run" labelB="Edited input" />
          </Suspense>
        )}
        {faults.length > 0 && (
          <Alert className="tone-amber" variant="outline" title="This does not meet the workflow’s input schema">
            <List size="sm">
              {faults.map(({ path, message }) => (
                <List.Item key={`${path} ${message}`}>
                  {path !== '' && <Code>{path}</Code>} {message}
                </List.Item>
              ))}
            </List>
          </Alert>
        )}
        {rerun.error !== null && <ErrorState error={rerun.error} />}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" disabled={!isEdited} onClick={() => setText(original)}>
            Back to the original
          </Button>
          <Button variant="default" disabled={!isEdited} aria-pressed={showsChanges} onClick={changes.toggle}>
            {showsChanges && isEdited ? 'Hide changes' : 'Show changes'}
          </Button>
          <Button
            disabled={syntax !== null || faults.length > 0}
            loading={rerun.isPending}
            onClick={() => rerun.mutate()}
          >
            {isEdited ? 'Rerun with edited input' : 'Rerun'}
          </Button>
        </Group>
      </Stack>
    </Modal>
  )
}
