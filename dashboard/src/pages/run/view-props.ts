import type { Run } from '../../api/shapes.ts'

/** What a view gets. */
export interface ViewProps {
  run: Run
  streamed: boolean
  /** Id of the selected step. */
  selected: string | undefined
  onSelect: (stepId: string | undefined) => void
}
