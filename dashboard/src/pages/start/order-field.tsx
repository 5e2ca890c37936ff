import { Group, NumberInput, SegmentedControl, Stack, Text, TextInput } from '@mantine/core'
import { faultText } from '../../api/faults-at.ts'
import type { OrderChoice } from './start-request.ts'

const KINDS = [
  { value: 'none', label: 'No order' },
  { value: 'new', label: 'Start with order' },
  { value: 'existing', label: 'Existing order' },
]

/** Which order goes with the run: none, one that is created with it, or one that there is. */
export function OrderField(props: {
  value: OrderChoice
  onChange: (value: OrderChoice) => void
  /** What was refused of it. */
  error: unknown
}) {
  const { value, onChange, error } = props
  return (
    <Stack gap="xs">
      <Text size="sm" fw={500} id="order-kind">
        Order
      </Text>
      <SegmentedControl
        aria-labelledby="order-kind"
        data={KINDS}
        value={value.kind}
        onChange={(kind) => {
          if (kind === 'none') onChange({ kind })
          if (kind === 'new') onChange({ kind, amount: '10.00', currency: 'EUR', reference: '' })
          if (kind === 'existing') onChange({ kind, id: '' })
        }}
      />
      {value.kind === 'existing' && (
        <TextInput
          label="Id of the order"
          error={faultText(error, '/order_id')}
          value={value.id}
          onChange={(event) => onChange({ ...value, id: event.currentTarget.value })}
        />
      )}
      {value.kind === 'new' && (
        <Group grow align="flex-start">
          <NumberInput
            label="Amount"
            error={faultText(error, '/amount')}
            min={0.01}
            decimalScale={2}
            fixedDecimalScale
            value={value.amount}
            onChange={(amount) => onChange({ ...value, amount: String(amount) })}
          />
          <TextInput
            label="Currency"
            error={faultText(error, '/currency')}
            maxLength={3}
            value={value.currency}
            onChange={(event) => onChange({ ...value, currency: event.currentTarget.value.toUpperCase() })}
          />
          <TextInput
            label="Reference"
            error={faultText(error, '/reference')}
            value={value.reference}
            onChange={(event) => onChange({ ...value, reference: event.currentTarget.value })}
          />
        </Group>
      )}
    </Stack>
  )
}
