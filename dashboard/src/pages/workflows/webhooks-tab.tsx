import { ActionIcon, Alert, Button, Group, Table, Text, Tooltip } from '@mantine/core'
import { IconKey, IconTrash, IconWebhook } from '@tabler/icons-react'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { sendJson } from '../../api/client.ts'
import { keys } from '../../api/keys.ts'
import type { Webhook } from '../../api/shapes.ts'
import { webhooksQuery } from '../../api/workflows.ts'
import { ask } from '../../parts/ask.tsx'
import { CopyButton } from '../../parts/copy-button.tsx'
import { EmptyState } from '../../parts/empty-state.tsx'
import { Time } from '../../parts/time.tsx'
import { toastDone, toastError } from '../../parts/toasts.tsx'
import { Unread } from '../../parts/unread.tsx'

/** Addresses at which other systems start runs of a workflow. */
export function WebhooksTab({ workflow }: { workflow: string }) {
  const queries = useQueryClient()
  const { data, error, refetch } = useQuery(webhooksQuery(workflow))
  const path = `workflows/${encodeURIComponent(workflow)}/webhooks`
  const refresh = () => queries.invalidateQueries({ queryKey: keys.webhooks(workflow) })
  const [made, setMade] = useState<Webhook>()
  const keepSecret = async (webhook: Webhook) => {
    setMade(webhook)
    await refresh()
  }
  const create = useMutation({
    mutationFn: () => sendJson<Webhook>('POST', path, {}),
    onSuccess: keepSecret,
    onError: toastError,
  })
  const renew = useMutation({
    mutationFn: (webhook: Webhook) => sendJson<Webhook>('POST', `${path}/${webhook.id}/secret`),
    onSuccess: keepSecret,
    onError: toastError,
  })
  const askToRenew = async (webhook: Webhook) => {
    const text = 'Deliveries that are signed with the secret before are refused from now on.'
    if (await ask({ title: 'Make a new secret?', text, confirm: 'Make a new secret', danger: true })) {
      renew.mutate(webhook)
    }
  }
  const remove = useMutation({
    mutationFn: (webhook: Webhook) => sendJson('DELETE', `${path}/${webhook.id}`),
    onSuccess: async () => {
      toastDone('Webhook removed')
      await refresh()
    },
    onError: toastError,
  })
  const askToRemove = async (webhook: Webhook) => {
    const text = 'Deliveries to its address are refused from now on. Runs that it started go on.'
    if (await ask({ title: 'Remove this webhook?', text, confirm: 'Remove webhook', danger: true })) {
      remove.mutate(webhook)
    }
  }
  if (data === undefined) return <Unread error={error} onRetry={() => void refetch()} rows={3} />
  return (
    <>
      <Group justify="flex-end" mb="sm">
        <Button onClick={() => create.mutate()} loading={create.isPending}>
          New webhook
        </Button>
      </Group>
      {made?.secret !== undefined && (
        <Alert variant="outline" className="tone-green" title="Keep the secret now: it is not shown again" mb="md">
          <Group gap="xs">
            <code className="id">{made.secret}</code>
            <CopyButton text={made.secret} what="secret" />
          </Group>
        </Alert>
      )}
      {data.items.length === 0 ? (
        <EmptyState
          icon={IconWebhook}
          title="No webhook"
          text="A webhook is an address: a signed POST to it starts a run with the body as input."
        />
      ) : (
        <Table.ScrollContainer minWidth={560} className="card">
          <Table verticalSpacing="xs">
            <Table.Thead>
              <Table.Tr>
                <Table.Th>Address</Table.Th>
                <Table.Th>Made by</Table.Th>
                <Table.Th>Last used</Table.Th>
                <Table.Th aria-label="Actions" />
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {data.items.map((webhook) => (
                <Table.Tr key={webhook.id}>
                  <Table.Td>
                    <Group gap={4} wrap="nowrap">
                      <code className="id">{webhook.url}</code>
                      <CopyButton text={webhook.url} what="address" />
                    </Group>
                  </Table.Td>
                  <Table.Td>{webhook.trigger_index === null ? 'hand' : 'the definition'}</Table.Td>
                  <Table.Td>
                    {webhook.last_used_at === null ? (
                      <Text span size="sm" className="quiet">
                        never
                      </Text>
                    ) : (
                      <Time at={webhook.last_used_at} />
                    )}
                  </Table.Td>
                  <Table.Td ta="right">
                    <Tooltip label="New secret">
                      <ActionIcon
                        variant="subtle"
                        color="gray"
                        aria-label="Make a new secret for this webhook"
                        onClick={() => void askToRenew(webhook)}
                      >
                        <IconKey size={16} aria-hidden />
                      </ActionIcon>
                    </Tooltip>
                    {webhook.trigger_index === null && (
                      <Tooltip label="Remove">
                        <ActionIcon
                          variant="subtle"
                          color="gray"
                          aria-label="Remove this webhook"
                          onClick={() => void askToRemove(webhook)}
                        >
                          <IconTrash size={16} aria-hidden />
                        </ActionIcon>
                      </Tooltip>
                    )}
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
    </>
  )
}
