import { Text } from '@mantine/core'
import type { Approval } from '../api/shapes.ts'
import { JsonView } from '../parts/json-view.tsx'
import { StatusBadge } from '../parts/status-badge.tsx'
import { Time } from '../parts/time.tsx'
import './approvals.css'

/** Who decided what, oldest first. */
export function Decisions({ decisions }: { decisions: Approval['decisions'] }) {
  return (
    <ol className="decisions" aria-label="Decisions">
      {decisions.map(({ by, approved, comment, data, at }) => (
        <li key={`${by} ${at}`}>
          <div className="decision-head">
            <StatusBadge status={approved ? 'approved' : 'rejected'} />
            <b>{by ?? 'someone'}</b>
            <span className="quiet decision-when">
              <Time at={at} />
            </span>
          </div>
          {comment !== null && comment !== '' && (
            <Text size="sm" className="decision-comment">
              {comment}
            </Text>
          )}
          {data !== null && <JsonView value={data} label={`Data of ${by ?? 'the decision'}`} maxHeight={160} />}
        </li>
      ))}
    </ol>
  )
}
