import { ErrorState } from './error-state.tsx'
import { RowsSkeleton } from './skeletons.tsx'

/** In the place of data that were not read yet, or cannot be. What was read before stays on the screen instead, also where it cannot be read again. */
export function Unread({ error, onRetry, rows }: { error: Error | null; onRetry: () => void; rows?: number }) {
  return error === null ? (
    <RowsSkeleton {...(rows === undefined ? {} : { rows })} />
  ) : (
    <ErrorState error={error} onRetry={onRetry} />
  )
}
