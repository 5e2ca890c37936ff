import { Fragment, useState } from 'react'
import type { Row } from '../../api/snapshot.ts'
import { JsonView } from '../../parts/json-view.tsx'
import { ScrollRegion } from '../../parts/scroll-region.tsx'
import { Cell } from './cell.tsx'
import { type RowChange, rowKey } from './row-changes.ts'

/** Rows of one table as they are in the database; a cell with JSON opens below its row. */
export function RowTable(props: {
  table: string
  rows: readonly Row[]
  changes: ReadonlyMap<string, RowChange> | undefined
}) {
  const { table, rows, changes } = props
  const [open, setOpen] = useState<{ key: string; column: string } | null>(null)
  const columns = Object.keys(rows[0] ?? {})
  return (
    <ScrollRegion className="row-scroller" label={`Rows of ${table}`}>
      <table className="row-table">
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column} scope="col">
                {column}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => {
            const key = rowKey(table, row)
            const change = changes?.get(key)
            const opened = open?.key === key ? open.column : null
            return (
              <Fragment key={key}>
                <tr data-change={change === undefined ? undefined : change === 'new' ? 'new' : 'changed'}>
                  {columns.map((column) => (
                    <td
                      key={column}
                      data-changed={(change !== undefined && change !== 'new' && change.has(column)) || undefined}
                    >
                      <Cell
                        table={table}
                        column={column}
                        value={row[column]}
                        isOpen={opened === column}
                        onToggle={() => setOpen(opened === column ? null : { key, column })}
                      />
                    </td>
                  ))}
                </tr>
                {opened !== null && (
                  <tr className="open-cell">
                    <td colSpan={columns.length}>
                      <div>
                        <JsonView value={row[opened]} label={`${table}.${opened}`} maxHeight={320} />
                      </div>
                    </td>
                  </tr>
                )}
              </Fragment>
            )
          })}
        </tbody>
      </table>
    </ScrollRegion>
  )
}
