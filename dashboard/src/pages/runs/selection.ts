import { useCallback, useMemo, useState } from 'react'
import type { RunSearch } from './run-search.ts'

/** Which runs are chosen: some by their ids, or all that the filters find (`all`). */
export interface Selection {
  all: boolean
  ids: ReadonlySet<string>
  choose: (ids: readonly string[]) => void
  chooseAll: () => void
  clear: () => void
}

const NOTHING = { all: false, ids: new Set<string>() as ReadonlySet<string> }

/** The selection within a list; other filters begin with an empty one. */
export function useSelection(search: RunSearch): Selection {
  const [held, setHeld] = useState({ search, ...NOTHING })
  const { all, ids } = held.search === search ? held : NOTHING
  const choose = useCallback(
    (chosen: readonly string[]) => setHeld({ search, all: false, ids: new Set(chosen) }),
    [search],
  )
  const chooseAll = useCallback(() => setHeld({ search, all: true, ids: NOTHING.ids }), [search])
  const clear = useCallback(() => setHeld({ search, ...NOTHING }), [search])
  return useMemo(() => ({ all, ids, choose, chooseAll, clear }), [all, ids, choose, chooseAll, clear])
}
