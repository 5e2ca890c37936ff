import { useEffect } from 'react'
import { isTyping } from '../../parts/is-typing.ts'

/** `j` and `k` select the next and the previous of some steps, Escape none. Silent while someone types. */
export function useStepKeys(
  ids: readonly string[],
  selected: string | undefined,
  onSelect: (stepId: string | undefined) => void,
): void {
  useEffect(() => {
    const handle = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || isTyping(event.target)) return
      const at = selected === undefined ? -1 : ids.indexOf(selected)
      const next = event.key === 'j' ? ids[at + 1] : event.key === 'k' ? ids[at - 1] : undefined
      if (next !== undefined) onSelect(next)
      else if (event.key === 'Escape' && selected !== undefined) onSelect(undefined)
    }
    document.addEventListener('keydown', handle)
    return () => document.removeEventListener('keydown', handle)
  }, [ids, selected, onSelect])
}
