import { Text } from '@mantine/core'
import { modals } from '@mantine/modals'
import type { ReactNode } from 'react'

/** A question before something that is not easily undone. */
export interface Question {
  /** What is about to happen, as a question: "Cancel 3 runs?" */
  title: string
  /** What it means: what stops, what stays. */
  text: ReactNode
  /** The verb on the button: "Cancel runs". */
  confirm: string
  /** It destroys something: the button is red. */
  danger?: boolean
}

/** Asks; whether the answer was yes. Closing the dialog is a no. */
export function ask({ title, text, confirm, danger = false }: Question): Promise<boolean> {
  return new Promise((resolve) => {
    modals.openConfirmModal({
      title,
      children: typeof text === 'string' ? <Text size="sm">{text}</Text> : text,
      labels: { confirm, cancel: 'Do nothing' },
      confirmProps: danger ? { color: 'red.9' } : {},
      closeButtonProps: { 'aria-label': 'Close' },
      onConfirm: () => resolve(true),
      onClose: () => resolve(false),
    })
  })
}
