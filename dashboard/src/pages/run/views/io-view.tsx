import { Stack, Text } from '@mantine/core'
import type { Run } from '../../../api/shapes.ts'
import { JsonView } from '../../../parts/json-view.tsx'
import { Panel } from '../../../parts/panel.tsx'
import { isFinished } from '../../../../../src/workflow/states.ts'

/** What the run was given, and what came of it. */
export function IoView({ run }: { run: Run }) {
  return (
    <Stack gap="md">
      <Panel title="Input">
        <JsonView value={run.input} label="Input of the run" />
      </Panel>
      <Panel title="Output">
        {run.output === null && !isFinished(run.status) ? (
          <Text size="sm" className="quiet">
            Comes when the run has ended.
          </Text>
        ) : (
          <JsonView value={run.output} label="Output of the run" />
        )}
      </Panel>
      {run.error !== null && (
        <Panel title="Error">
          <JsonView value={run.error} label="Error of the run" />
        </Panel>
      )}
      {run.context !== null && (
        <Panel title="Context">
          <JsonView value={run.context} label="Context of the run" />
        </Panel>
      )}
    </Stack>
  )
}
