import { Anchor, Button, Group, Select, Stack, Text, Textarea, TextInput } from '@mantine/core'
import { IconCheck, IconX } from '@tabler/icons-react'
import { useState } from 'react'
import type { Approval } from '../api/shapes.ts'
import { ErrorState } from '../parts/error-state.tsx'
import { JsonField, parseJson } from '../parts/json-field.tsx'
import { isTooLate, useDecide } from './use-decide.ts'
import { useDeciderName } from './use-decider-name.ts'
import './approvals.css'

/** Approves or rejects what a step asks; bound to what was shown by its `input_hash`: of anything else it is another form. */
export function DecideForm({ approval }: { approval: Approval }) {
  return <Fields key={`${approval.id} ${approval.input_hash}`} approval={approval} />
}

function Fields({ approval }: { approval: Approval }) {
  const [by, setBy] = useDeciderName()
  const [comment, setComment] = useState('')
  const [data, setData] = useState<string | null>(null)
  const [tried, setTried] = useState(false)
  const { value, error: syntax } = parseJson(data ?? '')
  const { approvers, quorum } = approval
  const decide = useDecide(approval)
  const name = approvers === null || approvers.includes(by) ? by.trim() : ''
  const nameFault = name === '' && (approvers !== null || quorum > 1) ? 'Needed: not everyone may decide alone' : null
  const submit = (verb: 'approve' | 'reject') => {
    setTried(true)
    if (nameFault !== null || syntax !== null) return
    decide.mutate({ verb, by: name || undefined, comment: comment.trim() || undefined, data: value })
  }
  const isBusy = (verb: 'approve' | 'reject') => decide.isPending && decide.variables.verb === verb
  return (
    <Stack gap="xs">
      <Group gap="xs" grow align="flex-start" preventGrowOverflow={false}>
        {approvers === null ? (
          <TextInput
            label="Your name"
            size="xs"
            autoComplete="name"
            maxLength={200}
            value={by}
            error={tried && nameFault}
            onChange={(event) => setBy(event.currentTarget.value)}
          />
        ) : (
          <Select
            label="You are"
            size="xs"
            data={approvers}
            value={name || null}
            placeholder="Choose"
            error={tried && nameFault}
            onChange={(chosen) => setBy(chosen ?? '')}
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
          disabled={decide.isPending}
          loading={isBusy('approve')}
          leftSection={<IconCheck size={15} aria-hidden />}
          onClick={() => submit('approve')}
        >
          Approve
        </Button>
        <Button
          size="xs"
          color="red.9"
          variant="outline"
          className="decide-reject"
          disabled={decide.isPending}
          loading={isBusy('reject')}
          leftSection={<IconX size={15} aria-hidden />}
          onClick={() => submit('reject')}
        >
          Reject
        </Button>
        <Text size="xs" className="quiet">
          {quorum > 1 ? `The step goes on after ${quorum} approvals; ` : 'Approving lets the step go on; '}
          rejecting fails it.
        </Text>
      </Group>
      {decide.error !== null && !isTooLate(decide.error) && <ErrorState error={decide.error} />}
    </Stack>
  )
}
