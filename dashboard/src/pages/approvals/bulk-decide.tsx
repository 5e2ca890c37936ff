import { Button, Group, Modal, Stack, Text, Textarea, TextInput } from '@mantine/core'
import { IconCheck, IconX } from '@tabler/icons-react'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { decideApproval } from '../../api/approvals.ts'
import { keys } from '../../api/keys.ts'
import type { Approval } from '../../api/shapes.ts'
import { useDeciderName } from '../../approvals/use-decider-name.ts'
import { toastDone, toastError } from '../../parts/toasts.tsx'

type Verb = 'approve' | 'reject'

const WORDS: Record<Verb, string> = { approve: 'Approve', reject: 'Reject' }

/** Decides about several approvals alike; each is bound to what the list showed of it. */
export function BulkDecide({ chosen, onClear }: { chosen: readonly Approval[]; onClear: () => void }) {
  const [verb, setVerb] = useState<Verb | null>(null)
  const close = () => setVerb(null)
  const count = `${chosen.length} ${chosen.length === 1 ? 'approval' : 'approvals'}`
  return (
    <div className="card approvals-bulk" role="region" aria-label="Selected approvals">
      <Text size="sm" fw={600} role="status">
        {chosen.length} selected
      </Text>
      <Button
        size="compact-sm"
        variant="default"
        leftSection={<IconCheck size={14} aria-hidden />}
        onClick={() => setVerb('approve')}
      >
        Approve…
      </Button>
      <Button
        size="compact-sm"
        variant="default"
        leftSection={<IconX size={14} aria-hidden />}
        onClick={() => setVerb('reject')}
      >
        Reject…
      </Button>
      <Button size="compact-sm" variant="subtle" color="gray" onClick={onClear}>
        Clear
      </Button>
      <Modal
        opened={verb !== null}
        onClose={close}
        title={verb === null ? '' : `${WORDS[verb]} ${count}?`}
        closeButtonProps={{ 'aria-label': 'Close' }}
      >
        {verb !== null && (
          <Form
            chosen={chosen}
            verb={verb}
            confirm={`${WORDS[verb]} ${count}`}
            onCancel={close}
            onDone={() => {
              close()
              onClear()
            }}
          />
        )}
      </Modal>
    </div>
  )
}

function Form(props: {
  chosen: readonly Approval[]
  verb: Verb
  confirm: string
  onCancel: () => void
  onDone: () => void
}) {
  const { chosen, verb, confirm, onCancel, onDone } = props
  const cache = useQueryClient()
  const [name, setName] = useDeciderName()
  const [comment, setComment] = useState('')
  const needsName = chosen.some(({ approvers, quorum }) => approvers !== null || quorum > 1)
  const decide = useMutation({
    // The list forgets those that are decided while the others still are: what was meant comes as an argument.
    mutationFn: async (meant: readonly Approval[]) => {
      const decision = { verb, by: name.trim() || undefined, comment: comment.trim() || undefined }
      const answers = await Promise.allSettled(meant.map((approval) => decideApproval(approval, decision)))
      return answers.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason as Error] : []))
    },
    onSuccess: (refusals, { length: total }) => {
      const done = total - refusals.length
      if (done > 0) toastDone(`${verb === 'approve' ? 'Approved' : 'Rejected'}: ${done} of ${total}`)
      if (refusals.length > 0) toastError(new Error(`${refusals.length} refused. ${refusals[0]?.message}`))
      onDone()
      const touched = [['approvals'], keys.newestApprovals(), ['approval'], keys.stats()]
      for (const queryKey of touched) void cache.invalidateQueries({ queryKey })
    },
  })
  return (
    <Stack gap="sm">
      <Text size="sm">
        {verb === 'approve' ? 'Their steps go on once enough have approved.' : 'Their steps fail.'} This cannot be taken
        back.
      </Text>
      <TextInput
        data-autofocus
        label="Your name"
        required={needsName}
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      <Textarea
        label="Comment"
        autosize
        minRows={2}
        value={comment}
        onChange={(event) => setComment(event.currentTarget.value)}
      />
      <Group justify="flex-end" gap="sm">
        <Button variant="default" onClick={onCancel}>
          Do nothing
        </Button>
        <Button
          disabled={needsName && name.trim() === ''}
          loading={decide.isPending}
          onClick={() => decide.mutate(chosen)}
          {...(verb === 'reject' ? { color: 'red.9' } : {})}
        >
          {confirm}
        </Button>
      </Group>
    </Stack>
  )
}
