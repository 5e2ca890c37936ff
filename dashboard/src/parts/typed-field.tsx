import { useDebouncedCallback } from '@mantine/hooks'
import { type ReactNode, useState } from 'react'

/** How long nothing must be typed before the URL follows, ms. */
export const PAUSE_MS = 250

/** What a field is given. */
interface TypedField {
  value: string
  onChange: (event: { currentTarget: { value: string } }) => void
}

/** A text of the URL that follows typing after a pause, and is followed when the URL changes by other means. */
export function Typed(props: {
  value: string | undefined
  onChange: (text: string | undefined) => void
  render: (field: TypedField) => ReactNode
}) {
  const { value = '', onChange, render } = props
  const [held, setHeld] = useState({ value, typed: value })
  // Spaces at the end are not in the URL, and more may be typed behind them.
  const typed = held.value === value || held.typed.trim() === value ? held.typed : value
  if (held.value !== value) setHeld({ value, typed })
  const report = useDebouncedCallback(
    (text: string) => onChange(text.trim() === '' ? undefined : text.trim()),
    PAUSE_MS,
  )
  return render({
    value: typed,
    onChange: ({ currentTarget }) => {
      setHeld({ value, typed: currentTarget.value })
      report(currentTarget.value)
    },
  })
}
