import { Anchor, Button, Group, Select, Stack, Text, Textarea, TextInput } from '@mantine/core'
import { IconCheck, IconX } from '@tabler/icons-react'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { sendJson } from '../api/client.ts'
import { keys } from '../api/keys.ts'
import type { Approval } from '../api/shapes.ts'
import { ErrorState } from '../parts/error-state.tsx'
import { JsonField, parseJson } from '../parts/json-field.tsx'
import { toastDone } from '../parts/toasts.tsx'
import { useDeciderName } from './use-decider-name.ts'

/** Approves or rejects what a step asks; bound to what was shown by its `input_hash`. */
export function DecideForm({ approval }: { approval: Approval }) {
  const cache = useQueryClient()
  const [by, setBy] = useDeciderName()
  const [comment, setComment] = useState('')
  const [data, setData] = useState<string | null>(null)
  const { value, error: syntax } = parseJson(data ?? '')
  const { run_id: run, step_id: step, approvers, quorum } = approval
  const refresh = () =>
    Promise.all([
      cache.invalidateQueries({ queryKey: keys.run(run) }),
      cache.invalidateQueries({ queryKey: ['approvals'] }),
    ])
  const decide = useMutation({
    mutationFn: (verb: 'approve' | 'reject') =>
      sendJson<Approval>('POST', `runs/${run}/steps/${encodeURIComponent(step)}/${verb}`, {
        ...(by.trim() === '' ? {} : { by: by.trim() }),
        ...(comment.trim() === '' ? {} : { comment: comment.trim() }),
        ...(value === undefined ? {} : { data: value }),
        input_hash: approval.input_hash,
      }),
    onSuccess: (answer) => toastDone(doneText(answer)),
    onSettled: refresh,
  })
  const unfit = syntax !== null || (approvers !== null && by.trim() === '')
  return (
    <Stack gap="xs">
      <Group gap="xs" grow align="flex-start" preventGrowOverflow={false}>
        {approvers === null ? (
          <TextInput label="Your name" size="xs" value={by} onChange={(event) => setBy(event.currentTarget.value)} />
        ) : (
          <Select
            label="You are"
            size="xs"
            data={approvers}
            value={approvers.includes(by) ? by : null}
            placeholder="Choose"
            onChange={(name) => setBy(name ?? '')}
          />
        )}
        <Textarea
          label="Comment"
          size="xs"
          autosize
          minRows={1}
          maxRows={6}
          value={comment}
          onChange={(event) => setComment(event.currentTarget.value)}
        />
      </Group>
      {data === null ? (
        <Anchor
          component="button"
          type="button"
          size="xs"
          ta="left"
          w="fit-content"
          onClick={() => setData('{\n  \n}')}
        >
          Add data for the steps that follow
        </Anchor>
      ) : (
        <JsonField
          label="Data"
          description="Becomes the output of the step"
          value={data}
          onChange={setData}
          error={syntax}
          height="96px"
        />
      )}
      <Group gap="xs">
        <Button
          size="xs"
          color="green.9"
          disabled={unfit || decide.isPending}
          leftSection={<IconCheck size={15} aria-hidden />}
          onClick={() => decide.mutate('approve')}
        >
          Approve
        </Button>
        <Button
          size="xs"
          color="red.9"
          variant="outline"
          className="decide-reject"
          disabled={unfit || decide.isPending}
          leftSection={<IconX size={15} aria-hidden />}
          onClick={() => decide.mutate('reject')}
        >
          Reject
        </Button>
        <Text size="xs" className="quiet">
          {quorum > 1 ? `The step goes on after ${quorum} approvals; ` : 'Approving lets the step go on; '}
          rejecting fails it.
        </Text>
      </Group>
      {decide.error !== null && <ErrorState error={decide.error} />}
    </Stack>
  )
}

function doneText({ status, step_id: step, quorum, decisions }: Approval): string {
  if (status !== 'open') return status === 'approved' ? `Approved: ${step} goes on` : `Rejected: ${step} fails`
  return `Your approval counts: ${decisions.filter(({ approved }) => approved).length} of ${quorum}`
}
