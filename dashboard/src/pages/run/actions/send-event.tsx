import { Button, Group, Modal, Stack, Text, TextInput } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { IconSend } from '@tabler/icons-react'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { sendJson } from '../../../api/client.ts'
import { keys } from '../../../api/keys.ts'
import { ErrorState } from '../../../parts/error-state.tsx'
import { JsonField, parseJson } from '../../../parts/json-field.tsx'
import { toastDone } from '../../../parts/toasts.tsx'

/** Sends an event to the run, by default the one that a step waits for. */
export function SendEvent({ runId, name }: { runId: string; name: string }) {
  const [open, { close, open: show }] = useDisclosure()
  return (
    <>
      <Button size="compact-xs" variant="default" leftSection={<IconSend size={14} aria-hidden />} onClick={show}>
        Send event…
      </Button>
      {open && <SendEventDialog runId={runId} name={name} onClose={close} />}
    </>
  )
}

function SendEventDialog(props: { runId: string; name: string; onClose: () => void }) {
  const { runId, onClose } = props
  const cache = useQueryClient()
  const [name, setName] = useState(props.name)
  const [text, setText] = useState('{}')
  const { value, error: syntax } = parseJson(text)
  const send = useMutation({
    mutationFn: () =>
      sendJson('POST', `runs/${runId}/events`, { name: name.trim(), ...(value === undefined ? {} : { data: value }) }),
    onSuccess: async () => {
      onClose()
      toastDone(`Event ${name.trim()} was taken`)
      await cache.invalidateQueries({ queryKey: keys.run(runId) })
    },
  })
  return (
    <Modal opened onClose={onClose} title="Send an event" closeButtonProps={{ 'aria-label': 'Close' }}>
      <Stack gap="sm">
        <Text size="sm">
          Wakes the step that waits for an event of this name and matches it; kept for one that is yet to wait. The data
          become the step’s output.
        </Text>
        <TextInput label="Name" value={name} onChange={(event) => setName(event.currentTarget.value)} />
        <JsonField label="Data" value={text} onChange={setText} error={syntax} />
        {send.error !== null && <ErrorState error={send.error} />}
        <Group justify="flex-end">
          <Button
            disabled={syntax !== null || name.trim() === ''}
            loading={send.isPending}
            onClick={() => send.mutate()}
          >
            Send
          </Button>
        </Group>
      </Stack>
    </Modal>
  )
}
