import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { RUN_STATUSES } from '../../../../src/workflow/states.ts'
import { statsQuery } from '../../api/stats.ts'
import { Loaded } from '../../parts/loaded.tsx'
import { Panel } from '../../parts/panel.tsx'
import { StatusBadge } from '../../parts/status-badge.tsx'

/** How many runs there are of each status; each leads to their list. */
export function StatusPanel() {
  return (
    <Panel title="Runs by status" className="overview-wide">
      <Loaded query={useQuery(statsQuery)} rows={2}>
        {({ runs }) => (
          <ul className="tiles">
            {RUN_STATUSES.map((status) => (
              <li key={status}>
                <Link to="/runs" search={{ status: [status] }} className="row-link tile">
                  <StatusBadge status={status} />
                  <span className="tile-count" data-none={runs[status] === 0}>
                    {runs[status].toLocaleString('en')}
                  </span>
                </Link>
              </li>
            ))}
          </ul>
        )}
      </Loaded>
    </Panel>
  )
}
