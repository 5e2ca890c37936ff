import type { Measure } from './figures.ts'

/** What all suites are told. */
export interface SuiteOptions {
  /** How often each figure is measured. */
  rounds: number
  /** Part of the names of what is measured; empty: all. */
  only: string
  /** Folder of another checkout, to compare with: the suite `floor` measures its engine, too. */
  before?: string | undefined
  /** Steps of one figure of throughput, about. */
  steps: number
  /** Shows a figure as soon as it is there. */
  report: (measure: Measure) => void
}
