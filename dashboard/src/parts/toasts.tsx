import { Button, Group, Text } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { IconCheck, IconX } from '@tabler/icons-react'

/** What can be clicked stays longer. */
const LONGER_MS = 10_000
const CLOSE = { closeButtonProps: { 'aria-label': 'Close' } }

/** What can be done about what was done. */
interface DoneOptions {
  /** Takes it back; offered for ten seconds. */
  undo?: () => Promise<unknown>
  /** Learns once that there is nothing left to take back, which ends the offer; returns what stops looking out for it. */
  untilOver?: (over: () => void) => () => void
  /** Goes to what came of it. */
  open?: () => void
}

/** Says that something was done. */
export function toastDone(message: string, { undo, untilOver, open }: DoneOptions = {}): void {
  const stop = untilOver?.(() => notifications.hide(id))
  const id: string = notifications.show({
    ...CLOSE,
    className: 'tone-green',
    icon: <IconCheck size={16} aria-hidden />,
    color: 'green.9',
    ...(undo === undefined && open === undefined ? {} : { autoClose: LONGER_MS }),
    onClose: () => stop?.(),
    message: (
      <Group justify="space-between" wrap="nowrap">
        <Text size="sm">{message}</Text>
        {open !== undefined && (
          <Button
            size="compact-xs"
            variant="default"
            onClick={() => {
              notifications.hide(id)
              open()
            }}
          >
            Open
          </Button>
        )}
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
