import { type AnyStatus, STATUS_LOOKS } from './status.ts'
import './status-badge.css'

/** A status as icon, word and colour. */
export function StatusBadge({ status }: { status: AnyStatus }) {
  const { word, tone, icon: Icon } = STATUS_LOOKS[status]
  return (
    <span className={`status-badge tone-${tone}`}>
      <Icon size={14} stroke={2} aria-hidden />
      {word}
    </span>
  )
}
