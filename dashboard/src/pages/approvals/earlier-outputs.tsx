import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { stepQuery } from '../../api/run-sides.ts'
import { runQuery } from '../../api/runs.ts'
import type { Approval } from '../../api/shapes.ts'
import { JsonView } from '../../parts/json-view.tsx'
import { Panel } from '../../parts/panel.tsx'

/** Steps whose outputs are shown. */
const MOST = 4

/** What the steps right before an approval brought about: what the decision is likely to be about. */
export function EarlierOutputs({ approval: { run_id: run, step_id: step } }: { approval: Approval }) {
  const { data } = useQuery({ ...runQuery(run), refetchInterval: false })
  const asking = data?.steps.find((one) => one.step_id === step)
  const before = data?.steps.filter(
    (one) => asking?.depends_on.includes(one.step_id) === true && one.status === 'completed' && one.output_bytes !== 0,
  )
  if (before === undefined || before.length === 0) return null
  return (
    <Panel title="What the steps before it brought">
      <ul className="plain-list earlier">
        {before.slice(0, MOST).map(({ step_id: id }) => (
          <li key={id}>
            <Link to="/runs/$run" params={{ run }} search={{ step: id }} className="row-link">
              {id}
            </Link>
            <Output run={run} step={id} />
          </li>
        ))}
      </ul>
    </Panel>
  )
}

function Output({ run, step }: { run: string; step: string }) {
  const { data } = useQuery(stepQuery(run, step))
  return data === undefined ? null : <JsonView value={data.output} label={`Output of ${step}`} maxHeight={200} />
}
