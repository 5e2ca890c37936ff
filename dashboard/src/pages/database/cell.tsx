import { IconChevronDown, IconChevronRight } from '@tabler/icons-react'
import { Link } from '@tanstack/react-router'
import { CopyId } from '../../parts/copy-id.tsx'
import { type AnyStatus, STATUS_LOOKS } from '../../parts/status.ts'
import { StatusBadge } from '../../parts/status-badge.tsx'

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
const MOMENT = /^\d{4}-\d\d-\d\dT[\d:.]+Z$/
/** Characters of JSON that show before the cell is opened. */
const PREVIEW = 60
/** Text beyond this opens like JSON. */
const LONG_TEXT = 80

/** A value of the database; `onToggle` opens what does not fit. */
export function Cell(props: { table: string; column: string; value: unknown; isOpen: boolean; onToggle: () => void }) {
  const { table, column, value, isOpen, onToggle } = props
  if (value === null || value === undefined) return <span className="quiet">null</span>
  if (column === 'status' && isStatus(value)) return <StatusBadge status={value} />
  if (typeof value === 'object' || (typeof value === 'string' && value.length > LONG_TEXT)) {
    const text = typeof value === 'string' ? value : JSON.stringify(value)
    if (text === '{}' || text === '[]') return <code>{text}</code>
    const Icon = isOpen ? IconChevronDown : IconChevronRight
    return (
      <button type="button" className="json-cell" aria-expanded={isOpen} onClick={onToggle}>
        <Icon size={14} aria-hidden />
        <code>{text.length > PREVIEW ? `${text.slice(0, PREVIEW)}…` : text}</code>
      </button>
    )
  }
  if (typeof value === 'string' && UUID.test(value)) return <Id table={table} column={column} id={value} />
  if (typeof value === 'string' && MOMENT.test(value)) {
    return <time dateTime={value}>{value.replace('T', ' ')}</time>
  }
  return <span>{typeof value === 'string' ? value : JSON.stringify(value)}</span>
}

/** An id, with a link where it is that of a run or an order. */
function Id({ table, column, id }: { table: string; column: string; id: string }) {
  const copy = <CopyId id={id} what={column} />
  const isRun = (table === 'runs' && column === 'id') || RUN_IDS.has(column)
  const isOrder = (table === 'orders' && column === 'id') || column === 'order_id'
  if (!isRun && !isOrder) return copy
  return (
    <span className="linked-id">
      {copy}
      {isRun ? (
        <Link to="/runs/$run" params={{ run: id }} aria-label={`Open run ${id}`}>
          Open
        </Link>
      ) : (
        <Link to="/orders/$order" params={{ order: id }} aria-label={`Open order ${id}`}>
          Open
        </Link>
      )}
    </span>
  )
}

const RUN_IDS = new Set(['run_id', 'parent_run_id', 'child_run_id', 'rerun_of', 'last_run_id'])

function isStatus(value: unknown): value is AnyStatus {
  return typeof value === 'string' && value in STATUS_LOOKS
}
