import { type AnyStatus, STATUS_LOOKS } from './status.ts'
import './status-chips.css'

/** Statuses to filter by, each a toggle; none chosen means all. `counts`: how many there are of each. */
export function StatusChips<Status extends AnyStatus>(props: {
  statuses: readonly Status[]
  chosen: readonly Status[] | undefined
  onChange: (chosen: Status[] | undefined) => void
  counts?: Readonly<Partial<Record<Status, number>>> | undefined
}) {
  const { statuses, chosen = [], onChange, counts } = props
  const toggle = (status: Status) => {
    const next = statuses.filter((one) => (one === status) !== chosen.includes(one))
    onChange(next.length === 0 ? undefined : next)
  }
  return (
    <div className="status-chips" role="group" aria-label="Status">
      {statuses.map((status) => {
        const { word, tone, icon: Icon } = STATUS_LOOKS[status]
        const count = counts?.[status]
        return (
          <button
            key={status}
            type="button"
            className={`status-chip tone-${tone}`}
            aria-pressed={chosen.includes(status)}
            onClick={() => toggle(status)}
          >
            <Icon size={14} stroke={2} aria-hidden />
            {word}
            {count !== undefined && <span className="status-chip-count">{count.toLocaleString('en')}</span>}
          </button>
        )
      })}
    </div>
  )
}
