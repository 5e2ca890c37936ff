import { getRouteApi } from '@tanstack/react-router'
import { useCallback } from 'react'

const route = getRouteApi('/runs/$run')

/** What of a run the URL says is looked at. */
export type RunSearch = ReturnType<typeof route.useSearch>

/** Changes the place; `replace`: without a step in the browser's history. */
export type GoTo = (change: Partial<RunSearch>, options?: { replace?: boolean }) => void

/** Where in the run the reader is, and how to get elsewhere. The page stays where it is scrolled to. */
export function useRunPlace(): { search: RunSearch; go: GoTo } {
  const search = route.useSearch()
  const navigate = route.useNavigate()
  const go = useCallback<GoTo>(
    (change, { replace = false } = {}) => {
      void navigate({ search: (before) => ({ ...before, ...change }), replace, resetScroll: false })
    },
    [navigate],
  )
  return { search, go }
}

/** Looking at another step: what was said of the one before does not hold for it. */
export function atStep(step: string | undefined): Partial<RunSearch> {
  return { step, attempt: undefined, line: undefined }
}
