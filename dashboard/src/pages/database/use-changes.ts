import { useEffect, useRef, useState } from 'react'
import type { Snapshot } from '../../api/snapshot.ts'
import { type Changes, changesBetween } from './row-changes.ts'

/** How long a change is marked, ms: until the next reading, and a little longer. */
const MARKED_MS = 3_000

const NONE: Changes = new Map()

/** What changed since the reading before, for some seconds. */
export function useChanges(snapshot: Snapshot | undefined): Changes {
  const before = useRef<Snapshot>(undefined)
  const [changes, setChanges] = useState(NONE)
  useEffect(() => {
    const last = before.current
    before.current = snapshot
    if (last === undefined || snapshot === undefined || last === snapshot) return
    setChanges(changesBetween(last, snapshot))
    const timer = setTimeout(() => setChanges(NONE), MARKED_MS)
    return () => clearTimeout(timer)
  }, [snapshot])
  return changes
}
