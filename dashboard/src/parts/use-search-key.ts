import { type RefObject, useEffect } from 'react'
import { isTyping } from './is-typing.ts'

/** `/` goes to the page's own search field, instead of to the palette. */
export function useSearchKey(field: RefObject<HTMLInputElement | null>): void {
  useEffect(() => {
    const handle = (event: KeyboardEvent) => {
      if (event.key !== '/' || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return
      event.preventDefault()
      field.current?.focus()
      field.current?.select()
    }
    // Before the shortcuts of the whole dashboard, which leave alone what was dealt with.
    document.addEventListener('keydown', handle, { capture: true })
    return () => document.removeEventListener('keydown', handle, { capture: true })
  }, [field])
}
