import { Button, Group, Modal, Stack, TextInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { type FormEvent, useState } from 'react'
import { createOrder } from '../../api/orders.ts'
import { ErrorState } from '../../parts/error-state.tsx'
import { toastDone } from '../../parts/toasts.tsx'

/** The dialog that creates an order, and goes to it. */
export function NewOrder({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  return (
    <Modal opened={opened} onClose={onClose} title="New order" closeButtonProps={{ 'aria-label': 'Close' }}>
      <OrderForm onDone={onClose} />
    </Modal>
  )
}

function OrderForm({ onDone }: { onDone: () => void }) {
  const cache = useQueryClient()
  const navigate = useNavigate()
  const [amount, setAmount] = useState('')
  const [currency, setCurrency] = useState('USD')
  const [reference, setReference] = useState('')
  const create = useMutation({
    mutationFn: () => createOrder({ amount: amount.trim(), currency, reference: reference.trim() || null }),
    onSuccess: async (order) => {
      onDone()
      toastDone('Created the order')
      void cache.invalidateQueries({ queryKey: ['orders'] })
      await navigate({ to: '/orders/$order', params: { order: order.id } })
    },
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    create.mutate()
  }
  return (
    <form onSubmit={submit}>
      <Stack gap="sm">
        <Group gap="sm" align="flex-start" wrap="nowrap">
          <TextInput
            data-autofocus
            flex={1}
            label="Amount"
            required
            inputMode="decimal"
            placeholder="129.90"
            value={amount}
            onChange={(event) => setAmount(event.currentTarget.value)}
          />
          <TextInput
            w={110}
            label="Currency"
            required
            maxLength={3}
            value={currency}
            onChange={(event) => setCurrency(event.currentTarget.value.toUpperCase())}
          />
        </Group>
        <TextInput
          label="Reference"
          description="What you call it, like the number of an invoice"
          maxLength={200}
          value={reference}
          onChange={(event) => setReference(event.currentTarget.value)}
        />
        {create.error !== null && <ErrorState error={create.error} />}
        <Group justify="flex-end" gap="sm">
          <Button variant="default" onClick={onDone}>
            Cancel
          </Button>
          <Button type="submit" loading={create.isPending}>
            Create order
          </Button>
        </Group>
      </Stack>
    </form>
  )
}
