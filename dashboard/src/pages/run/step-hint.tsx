import { Text } from '@mantine/core'
import type { Run } from '../../api/shapes.ts'

/** Stands where the panel of a step will: how to open one, or that the link's step is not there. */
export function StepHint({ run, missing }: { run: Run; missing: string | undefined }) {
  return (
    <div className="card run-hint quiet">
      {missing === undefined ? (
        <Text size="sm">Select a step to see its attempts, payloads, error and logs.</Text>
      ) : (
        <Text size="sm" role="status">
          {run.workflow_name} version {run.workflow_version} has no step <code className="id">{missing}</code> in this
          run, or not yet.
        </Text>
      )}
    </div>
  )
}
