import { Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import type { Run, Step } from '../../../api/shapes.ts'
import { workflowQuery } from '../../../api/workflows.ts'
import { ErrorState } from '../../../parts/error-state.tsx'
import { JsonView } from '../../../parts/json-view.tsx'
import { RowsSkeleton } from '../../../parts/skeletons.tsx'
import { definedId, definedSteps } from '../defined-steps.ts'

/** What the definition says of a step; of an item or a compensation, what it says of the step that it belongs to. */
export function StepConfig({ run, step }: { run: Run; step: Step }) {
  const { data, error, refetch } = useQuery(workflowQuery(run.workflow_name, run.workflow_version))
  if (error !== null && data === undefined) return <ErrorState error={error} onRetry={() => void refetch()} />
  if (data === undefined) return <RowsSkeleton rows={6} height={18} />
  const id = definedId(step.step_id)
  const found = definedSteps(data.definition).find((one) => one['id'] === id)
  if (found === undefined) return <Text className="quiet">The definition has no step {id}.</Text>
  return (
    <Stack gap="xs">
      {id !== step.step_id && (
        <Text size="sm" className="quiet">
          {step.step_id} is made by step {id}:
        </Text>
      )}
      <JsonView value={found} label={`Definition of ${id}`} maxHeight={520} />
    </Stack>
  )
}
