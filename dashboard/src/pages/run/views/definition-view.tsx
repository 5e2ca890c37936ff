import { Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { workflowQuery } from '../../../api/workflows.ts'
import type { Run } from '../../../api/shapes.ts'
import { ErrorState } from '../../../parts/error-state.tsx'
import { JsonView } from '../../../parts/json-view.tsx'
import { Panel } from '../../../parts/panel.tsx'
import { RowsSkeleton } from '../../../parts/skeletons.tsx'

/** The definition that the run is of: its own version, whatever came after. */
export function DefinitionView({ run }: { run: Run }) {
  const { data, error, refetch } = useQuery(workflowQuery(run.workflow_name, run.workflow_version))
  return (
    <Panel title={`${run.workflow_name}, version ${run.workflow_version}`}>
      {error !== null && <ErrorState error={error} onRetry={() => void refetch()} />}
      {data === undefined && error === null && <RowsSkeleton rows={10} height={18} />}
      {data !== undefined && (
        <>
          {data.description !== null && (
            <Text size="sm" className="quiet" mb="xs">
              {data.description}
            </Text>
          )}
          <JsonView value={data.definition} label={`Definition of ${run.workflow_name}`} maxHeight={640} />
        </>
      )}
    </Panel>
  )
}
