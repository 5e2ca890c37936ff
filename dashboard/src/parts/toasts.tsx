import { Button, Group, Text } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { IconCheck, IconX } from '@tabler/icons-react'

const UNDO_MS = 10_000
const CLOSE = { closeButtonProps: { 'aria-label': 'Close' } }

/** Says that something was done; `undo` takes it back, and is offered for ten seconds. */
export function toastDone(message: string, { undo }: { undo?: () => Promise<unknown> } = {}): void {
  const id = notifications.show({
    ...CLOSE,
    className: 'tone-green',
    icon: <IconCheck size={16} aria-hidden />,
    color: 'green.9',
    ...(undo === undefined ? {} : { autoClose: UNDO_MS }),
    message: (
      <Group justify="space-between" wrap="nowrap">
        <Text size="sm">{message}</Text>
        {undo !== undefined && (
          <Button
            size="compact-xs"
            variant="default"
            onClick={() => {
              notifications.hide(id)
              undo().then(() => toastDone('Undone'), toastError)
            }}
          >
            Undo
          </Button>
        )}
      </Group>
    ),
  })
}

/** Says that something was refused, or broke. It stays until it is closed. */
export function toastError(error: unknown): void {
  notifications.show({
    ...CLOSE,
    icon: <IconX size={16} aria-hidden />,
    color: 'red.9',
    role: 'alert',
    autoClose: false,
    message: error instanceof Error ? error.message : String(error),
  })
}
