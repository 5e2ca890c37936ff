import { columnVisibilityFeature, createColumnHelper, rowSelectionFeature, tableFeatures } from '@tanstack/react-table'
import { Link } from '@tanstack/react-router'
import type { RunEntry } from '../../api/shapes.ts'
import { CopyId } from '../../parts/copy-id.tsx'
import { StatusBadge } from '../../parts/status-badge.tsx'
import { Time } from '../../parts/time.tsx'
import { DurationBar } from './duration-bar.tsx'
import { ProgressBar } from './progress-bar.tsx'
import { Tags } from './tags.tsx'
import { triggerOf } from './trigger.ts'

/** What the table of runs can: hide columns, select rows. */
export const features = tableFeatures({ columnVisibilityFeature, rowSelectionFeature })

const helper = createColumnHelper<typeof features, RunEntry>()

/** Widths of the columns, px; undefined: shares what is left. */
export const WIDTHS: Readonly<Record<string, number | undefined>> = {
  select: 40,
  status: 128,
  id: 168,
  created: 104,
  started: 104,
  duration: 128,
  progress: 116,
  failed: 140,
  trigger: 104,
  tags: 150,
}

/** The least width of a column that shares what is left, px. */
export const FLEXIBLE_WIDTH = 180

/** Columns that are not shown unless chosen. */
export const HIDDEN: Readonly<Record<string, boolean>> = { started: false }

/** The columns, in their order; `header` is also their name where columns are chosen. */
export const columns = helper.columns([
  helper.display({ id: 'status', header: 'Status', cell: ({ row }) => <StatusBadge status={row.original.status} /> }),
  helper.display({
    id: 'run',
    header: 'Run',
    enableHiding: false,
    cell: ({ row: { original: run } }) => (
      <span className="run-name">
        <Link to="/runs/$run" params={{ run: run.id }} className="row-link" data-run={run.id}>
          {run.workflow_name}
        </Link>{' '}
        <span className="quiet">v{run.workflow_version}</span>
      </span>
    ),
  }),
  helper.display({ id: 'id', header: 'Id', cell: ({ row }) => <CopyId id={row.original.id} what="run id" /> }),
  helper.display({ id: 'created', header: 'Created', cell: ({ row }) => <Time at={row.original.created_at} /> }),
  helper.display({ id: 'started', header: 'Started', cell: ({ row }) => <Time at={row.original.started_at} /> }),
  helper.display({ id: 'duration', header: 'Duration', cell: ({ row }) => <DurationBar run={row.original} /> }),
  helper.display({ id: 'progress', header: 'Progress', cell: ({ row }) => <ProgressBar run={row.original} /> }),
  helper.display({ id: 'failed', header: 'Failed step', cell: ({ row }) => <FailedStep run={row.original} /> }),
  helper.display({
    id: 'trigger',
    header: 'Trigger',
    cell: ({ row }) => {
      const { word, icon: Icon } = triggerOf(row.original)
      return (
        <span className="run-trigger">
          <Icon size={14} stroke={1.6} aria-hidden /> {word}
        </span>
      )
    },
  }),
  helper.display({ id: 'tags', header: 'Tags', cell: ({ row }) => <Tags tags={row.original.tags} /> }),
])

/** The step that failed first, with a link to it; its message is the tooltip. */
function FailedStep({ run: { id, error } }: { run: RunEntry }) {
  if (error === null) return <span className="quiet">–</span>
  if (error.step_id === null) return <span title={error.message}>{error.message}</span>
  return (
    <Link
      to="/runs/$run"
      params={{ run: id }}
      search={{ step: error.step_id }}
      title={error.message}
      className="run-error"
    >
      {error.step_id}
    </Link>
  )
}
