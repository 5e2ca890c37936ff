import { Button, Skeleton, Text } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { lazy, Suspense } from 'react'
import type { Run, WorkflowDetail } from '../../../api/shapes.ts'
import { workflowQuery } from '../../../api/workflows.ts'
import { ErrorState } from '../../../parts/error-state.tsx'
import { JsonView } from '../../../parts/json-view.tsx'
import { Panel } from '../../../parts/panel.tsx'
import { RowsSkeleton } from '../../../parts/skeletons.tsx'

const DiffView = lazy(() => import('../../../editor/diff-view.tsx').then((module) => ({ default: module.DiffView })))

/** The definition that the run is of: its own version, whatever came after, and what has changed since. */
export function DefinitionView({ run }: { run: Run }) {
  const { data: own, error, refetch } = useQuery(workflowQuery(run.workflow_name, run.workflow_version))
  const { data: latest } = useQuery(workflowQuery(run.workflow_name))
  const [showsDiff, { toggle }] = useDisclosure()
  const isOld = latest !== undefined && latest.version > run.workflow_version
  return (
    <Panel
      title={`${run.workflow_name}, version ${run.workflow_version}`}
      actions={
        isOld && (
          <Button size="compact-xs" variant="default" aria-pressed={showsDiff} onClick={toggle}>
            {showsDiff ? 'Show it alone' : `Compare with version ${latest.version}, the latest`}
          </Button>
        )
      }
    >
      {error !== null && <ErrorState error={error} onRetry={() => void refetch()} />}
      {own === undefined && error === null && <RowsSkeleton rows={10} height={18} />}
      {own !== undefined && own.description !== null && (
        <Text size="sm" className="quiet" mb="xs">
          {own.description}
        </Text>
      )}
      {own !== undefined &&
        (showsDiff && isOld ? (
          <Suspense fallback={<Skeleton height={320} />}>
            <DiffView
              a={textOf(own)}
              b={textOf(latest)}
              labelA={`Version ${own.version}`}
              labelB={`Version ${latest.version}`}
            />
          </Suspense>
        ) : (
          <JsonView value={own.definition} label={`Definition of ${run.workflow_name}`} maxHeight={640} />
        ))}
    </Panel>
  )
}

function textOf({ definition }: WorkflowDetail): string {
  return JSON.stringify(definition, null, 2)
}
