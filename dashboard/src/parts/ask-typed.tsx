import { Button, Code, Group, Stack, Text, TextInput } from '@mantine/core'
import { modals } from '@mantine/modals'
import { type FormEvent, useState } from 'react'
import type { Question } from './ask.tsx'

/** Asks before something large: whoever agrees types `word`. Closing the dialog is a no. */
export function askTyped({ title, word, ...rest }: Question & { word: string }): Promise<boolean> {
  return new Promise((resolve) => {
    const id = modals.open({
      title,
      closeButtonProps: { 'aria-label': 'Close' },
      onClose: () => resolve(false),
      children: (
        <TypedAnswer
          word={word}
          {...rest}
          onAnswer={(yes) => {
            resolve(yes)
            modals.close(id)
          }}
        />
      ),
    })
  })
}

function TypedAnswer(props: Omit<Question, 'title'> & { word: string; onAnswer: (yes: boolean) => void }) {
  const { text, confirm, danger = false, word, onAnswer } = props
  const [typed, setTyped] = useState('')
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (typed === word) onAnswer(true)
  }
  return (
    <form onSubmit={submit}>
      <Stack gap="sm">
        {typeof text === 'string' ? <Text size="sm">{text}</Text> : text}
        <TextInput
          data-autofocus
          label={
            <>
              Type <Code>{word}</Code> to confirm
            </>
          }
          value={typed}
          onChange={(event) => setTyped(event.currentTarget.value)}
          autoComplete="off"
        />
        <Group justify="flex-end" gap="sm">
          <Button variant="default" onClick={() => onAnswer(false)}>
            Do nothing
          </Button>
          <Button type="submit" disabled={typed !== word} {...(danger ? { color: 'red.9' } : {})}>
            {confirm}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}
