import { useQuery } from '@tanstack/react-query'
import { statsQuery } from '../../api/stats.ts'

/** How many approvals wait for someone; nothing where none does. */
export function OpenCount() {
  const { data } = useQuery(statsQuery)
  const open = data?.approvals.open ?? 0
  if (open === 0) return null
  return (
    <span className="rail-count tone-violet">
      {open > 999 ? '999+' : open}
      <span className="unseen"> open</span>
    </span>
  )
}
