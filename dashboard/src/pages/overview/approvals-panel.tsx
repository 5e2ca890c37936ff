import { Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { newestApprovalsQuery } from '../../api/overview.ts'
import { Loaded } from '../../parts/loaded.tsx'
import { Panel } from '../../parts/panel.tsx'
import { Time } from '../../parts/time.tsx'
import { TextLink } from '../../parts/text-link.tsx'

/** What waits for people to decide, the newest few. */
export function ApprovalsPanel() {
  return (
    <Panel
      title="Open approvals"
      actions={
        <TextLink to="/approvals" size="sm">
          All
        </TextLink>
      }
    >
      <Loaded query={useQuery(newestApprovalsQuery)}>
        {(approvals) =>
          approvals.length === 0 ? (
            <Text className="quiet">Nobody is asked anything</Text>
          ) : (
            <ul className="short-list">
              {approvals.map((approval) => (
                <li key={approval.id}>
                  <TextLink to="/approvals" search={{ id: approval.id }} size="sm">
                    {typeof approval.message === 'string' ? approval.message : approval.step_id}
                  </TextLink>
                  <Text size="sm" className="quiet">
                    {approval.workflow_name} · asked <Time at={approval.created_at} />
                    {approval.expires_at !== null && (
                      <>
                        {' '}
                        · expires <Time at={approval.expires_at} />
                      </>
                    )}
                  </Text>
                </li>
              ))}
            </ul>
          )
        }
      </Loaded>
    </Panel>
  )
}
