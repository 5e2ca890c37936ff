import type { z } from '@hono/zod-openapi'
import type { RunFilter } from '../db/run-queries.ts'
import { getWorkflow } from '../db/workflows.ts'
import type { Engine } from '../engine/engine.ts'
import { RUN_STATUSES } from '../workflow/states.ts'
import { storableText } from './payload.ts'
import { givenTimestamp, listOf } from './schemas/fields.ts'

/** The fields by which runs are chosen, in lists and by controls of many. */
export const runFilter = {
  status: listOf(RUN_STATUSES).optional(),
  workflow: storableText(1, 128).optional().openapi({ description: 'Id or name' }),
  tag: storableText(1, 128).optional(),
  search: storableText(0, 200).optional().openapi({
    description:
      'The beginning of a run’s id (8 digits and more also with its end: `019aa5b4…7f3a11`), part of its workflow’s name, or one of its tags',
  }),
  created_after: givenTimestamp.optional().openapi({ description: 'At this time or later' }),
  created_before: givenTimestamp.optional().openapi({ description: 'Before this time' }),
}

/** What the fields choose; null where they name a workflow that there is not, which chooses nothing. */
export async function readRunFilter(
  engine: Engine,
  given: z.output<z.ZodObject<typeof runFilter>>,
): Promise<Omit<RunFilter, 'before' | 'limit'> | null> {
  const workflow = given.workflow === undefined ? undefined : await getWorkflow(engine.db, given.workflow)
  if (workflow === null) return null
  return {
    statuses: given.status,
    workflowId: workflow?.id,
    tag: given.tag,
    search: given.search === '' ? undefined : given.search,
    createdAfter: given.created_after,
    createdBefore: given.created_before,
  }
}
