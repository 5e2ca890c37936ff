import { Text } from '@mantine/core'
import { IconPlugConnectedX } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { workersQuery } from '../../api/overview.ts'
import type { BusyWorker } from '../../api/shapes.ts'
import { Duration } from '../../parts/duration.tsx'
import { EmptyState } from '../../parts/empty-state.tsx'
import { Loaded } from '../../parts/loaded.tsx'
import { Panel } from '../../parts/panel.tsx'
import { Time } from '../../parts/time.tsx'
import { TextLink } from '../../parts/text-link.tsx'

/** Steps of a worker that are shown; the rest are counted. */
const SHOWN = 4

/** Workers that are alive, and what each executes. */
export function WorkersPanel() {
  return (
    <Panel title="Workers" className="overview-main">
      <Loaded query={useQuery(workersQuery)}>
        {(workers) =>
          workers.length === 0 ? (
            <EmptyState
              icon={IconPlugConnectedX}
              title="No worker is alive"
              text="Steps wait until one is: node dist/workers/main.js starts one."
            />
          ) : (
            <ul className="short-list">
              {workers.map((worker) => (
                <Worker key={worker.id} worker={worker} />
              ))}
            </ul>
          )
        }
      </Loaded>
    </Panel>
  )
}

function Worker({ worker }: { worker: BusyWorker }) {
  const { name, queues, concurrency, running, started_at } = worker
  const more = running.length - SHOWN
  return (
    <li>
      <div className="overview-row">
        <Text fw={600} size="sm" className="cut" title={name}>
          {name}
        </Text>
        <Text size="sm" className="quiet" span>
          {running.length} of {concurrency} places · started <Time at={started_at} />
        </Text>
      </div>
      <Text size="xs" className="quiet">
        {queues.length === 1 ? 'Queue' : 'Queues'} {queues.join(', ')}
      </Text>
      <ul className="short-list">
        {running.slice(0, SHOWN).map((step) => (
          <li key={`${step.run_id} ${step.step_id}`} className="overview-row">
            <TextLink to="/runs/$run" params={{ run: step.run_id }} size="sm" className="cut">
              {step.workflow_name}: {step.step_id}
            </TextLink>
            <Text size="sm" span>
              <Duration from={step.started_at} to={null} />
            </Text>
          </li>
        ))}
      </ul>
      {more > 0 && (
        <Text size="sm" className="quiet">
          and {more} more
        </Text>
      )}
    </li>
  )
}
