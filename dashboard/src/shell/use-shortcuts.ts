import { spotlight } from '@mantine/spotlight'
import { useNavigate } from '@tanstack/react-router'
import { useEffect, useRef } from 'react'
import { isTyping } from '../parts/is-typing.ts'
import { useNavPages } from './nav.ts'

/** How long a `g` waits for its letter. */
const SEQUENCE_MS = 1_500

/** The shortcuts of the whole dashboard: `?`, `/`, and `g` with a page's letter. Silent while someone types. */
export function useShortcuts({ onHelp }: { onHelp: () => void }): void {
  const pages = useNavPages()
  const navigate = useNavigate()
  const pressedG = useRef(0)
  useEffect(() => {
    const handle = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || isTyping(event.target)) return
      const followsG = event.timeStamp - pressedG.current < SEQUENCE_MS
      pressedG.current = 0
      const page = followsG ? pages.find(({ letter }) => letter === event.key) : undefined
      if (page !== undefined) void navigate({ to: page.path })
      else if (event.key === 'g') pressedG.current = event.timeStamp
      else if (event.key === '?') onHelp()
      else if (event.key === '/') spotlight.open()
      else return
      event.preventDefault()
    }
    document.addEventListener('keydown', handle)
    return () => document.removeEventListener('keydown', handle)
  })
}
