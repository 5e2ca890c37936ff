import { Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { nextSchedulesQuery } from '../../api/overview.ts'
import { Loaded } from '../../parts/loaded.tsx'
import { Panel } from '../../parts/panel.tsx'
import { Time } from '../../parts/time.tsx'
import { TextLink } from '../../parts/text-link.tsx'

/** Which schedules run next. */
export function SchedulesPanel() {
  return (
    <Panel
      title="Next schedules"
      actions={
        <TextLink to="/schedules" size="sm">
          All
        </TextLink>
      }
    >
      <Loaded query={useQuery(nextSchedulesQuery)}>
        {(next) =>
          next.length === 0 ? (
            <Text className="quiet">Nothing is scheduled</Text>
          ) : (
            <ul className="short-list">
              {next.map(({ schedule, at }) => (
                <li key={schedule.id} className="overview-row">
                  <TextLink
                    to="/workflows/$workflow"
                    params={{ workflow: schedule.workflow_name }}
                    size="sm"
                    className="cut"
                  >
                    {schedule.workflow_name}
                  </TextLink>
                  <Text size="sm" span className="quiet">
                    {schedule.cron} · <Time at={at} />
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
