import type { NewRun } from '../../src/db/runs.ts'

/** A run to insert that nothing is special about, but what `run` says. */
export function newRunOf(run: Pick<NewRun, 'id' | 'workflowId' | 'versionId'> & Partial<NewRun>): NewRun {
  return {
    input: null,
    context: null,
    orderId: null,
    parent: null,
    tags: [],
    priority: null,
    startAt: null,
    concurrencyKey: null,
    admitted: true,
    timeoutSeconds: null,
    origin: {},
    queueToken: null,
    key: null,
    ...run,
  }
}
