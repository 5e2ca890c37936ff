import { Button, NativeSelect } from '@mantine/core'
import { IconDatabase, IconPlayerPause, IconPlayerPlay } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { useState } from 'react'
import { type Snapshot, snapshotQuery } from '../../api/snapshot.ts'
import { EmptyState } from '../../parts/empty-state.tsx'
import { ErrorState } from '../../parts/error-state.tsx'
import { FullHeight } from '../../parts/full-height.tsx'
import { PageHeader } from '../../parts/page-header.tsx'
import { RowsSkeleton } from '../../parts/skeletons.tsx'
import { useTitle } from '../../parts/use-title.ts'
import type { Changes } from './row-changes.ts'
import { RowTable } from './row-table.tsx'
import { useChanges } from './use-changes.ts'
import './database.css'

const route = getRouteApi('/database')

/** Rows that the server sends of a table at most. */
const MOST_ROWS = 50

/** The newest rows of each table, as they come and change. */
export function DatabasePage() {
  useTitle('Live DB')
  const { table = 'runs' } = route.useSearch()
  const [paused, setPaused] = useState(false)
  const { data, error, refetch } = useQuery(snapshotQuery({ paused }))
  const changes = useChanges(data)
  const Icon = paused ? IconPlayerPlay : IconPlayerPause
  return (
    <FullHeight>
      <PageHeader
        title="Live DB"
        text={paused ? 'Paused' : 'The newest rows of each table, read every 2 s; what is new or changed is marked'}
      >
        <Button
          size="xs"
          variant="default"
          aria-pressed={paused}
          leftSection={<Icon size={14} aria-hidden />}
          onClick={() => setPaused(!paused)}
        >
          {paused ? 'Go on' : 'Pause'}
        </Button>
      </PageHeader>
      {data === undefined && error !== null && <ErrorState error={error} onRetry={() => void refetch()} />}
      {data === undefined && error === null && <RowsSkeleton rows={12} />}
      {data !== undefined && (
        <div className="database fills">
          <TableNames snapshot={data} chosen={table} changes={changes} />
          <Rows snapshot={data} table={table} changes={changes} />
        </div>
      )}
    </FullHeight>
  )
}

function Rows({ snapshot, table, changes }: { snapshot: Snapshot; table: string; changes: Changes }) {
  const rows = snapshot[table]
  if (rows === undefined) {
    return (
      <EmptyState icon={IconDatabase} title={`There is no table “${table}”`}>
        <Link to="/database">Show runs</Link>
      </EmptyState>
    )
  }
  if (rows.length === 0) return <EmptyState icon={IconDatabase} title={`No row in ${table} yet`} />
  return <RowTable key={table} table={table} rows={rows} changes={changes.get(table)} />
}

/** The tables: a list beside the rows, on a phone a field above them. */
function TableNames({ snapshot, chosen, changes }: { snapshot: Snapshot; chosen: string; changes: Changes }) {
  const navigate = route.useNavigate()
  const names = Object.keys(snapshot)
  const count = (name: string) => {
    const rows = snapshot[name]?.length ?? 0
    return rows === MOST_ROWS ? `${rows}+` : String(rows)
  }
  return (
    <>
      <NativeSelect
        className="table-field"
        aria-label="Table"
        data={names.map((name) => ({ value: name, label: `${name} (${count(name)})` }))}
        value={chosen}
        onChange={(event) => void navigate({ search: { table: event.currentTarget.value } })}
      />
      <nav className="table-names" aria-label="Tables">
        {names.map((name) => (
          <Link
            key={name}
            to="/database"
            search={{ table: name }}
            aria-current={name === chosen ? 'true' : undefined}
            data-changed={changes.has(name) || undefined}
          >
            <span>{name}</span>
            <span className="table-count">{count(name)}</span>
          </Link>
        ))}
      </nav>
    </>
  )
}
