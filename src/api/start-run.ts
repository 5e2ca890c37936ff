import { findMissingOrders } from '../db/orders.ts'
import type { IdempotencyKey } from '../db/runs.ts'
import type { Engine } from '../engine/engine.ts'
import { registerWorkflow } from '../engine/register.ts'
import { findStarted, refuseBadInputs, startRuns, type Started, type StartRequest } from '../engine/start.ts'
import { SluiceError, type InputProblem } from '../errors.ts'
import { WORKFLOW_NAME } from '../workflow/definition.ts'
import { movingPaths } from './moved-paths.ts'
import { readRun, showNewRun } from './run-view.ts'
import type { RunView, StartDefinition, StartRun } from './schemas/run.ts'
import type { RunnableVersion } from './workflow-lookup.ts'

/** A run that was started, now or (`replayed`) by an earlier request with the same idempotency key. */
export interface StartedRun {
  run: RunView
  replayed: boolean
}

/** Starts one run of a version. Throws `invalid_input`, `not_supported` and `idempotency_mismatch`. */
export async function startOne(
  engine: Engine,
  version: RunnableVersion,
  request: StartRun,
  key?: IdempotencyKey,
): Promise<StartedRun> {
  await refuseBadRequests(engine, [{ request, path: '' }])
  return showStarted(engine, version, await startRuns(engine, version, [requestOf(request)], key))
}

/**
 * Stores a definition and starts a run of it. What the key has started before is answered, and an input that does not
 * match is refused, before anything is stored. Throws as {@link startOne}, and `invalid_definition`.
 */
export async function startDefined(
  engine: Engine,
  { definition, ...request }: StartDefinition,
  key?: IdempotencyKey,
): Promise<StartedRun> {
  const name = (definition as { name?: unknown } | null)?.name
  const before =
    key && typeof name === 'string' && WORKFLOW_NAME.test(name) ? await findStarted(engine, name, key) : null
  if (before !== null) return { run: await readRun(engine, before.ids[0]!), replayed: true }
  const { workflow, version } = await registerWorkflow(engine, definition, ({ input_schema: schema }) =>
    refuseBadInputs(schema, [requestOf(request)]),
  )
  return startOne(engine, { ...version, name: workflow.name }, request, key)
}

/** The run that {@link startRuns} started. */
export async function showStarted(engine: Engine, version: RunnableVersion, started: Started): Promise<StartedRun> {
  const { ids, replayed, runs } = started
  const [run] = runs
  if (run === undefined) return { run: await readRun(engine, ids[0] ?? ''), replayed }
  return { run: showNewRun(await engine.versions.get(version.id), version, run), replayed }
}

/** Starts many runs of a version, all or none, and answers their ids in order. Throws as {@link startOne}. */
export async function startMany(
  engine: Engine,
  version: RunnableVersion,
  requests: readonly StartRun[],
  key?: IdempotencyKey,
): Promise<Started> {
  await refuseBadRequests(
    engine,
    requests.map((request, index) => ({ request, path: `/runs/${index}` })),
  )
  // Of a single one, the input is not told by its number.
  const place = (path: string) => (path.startsWith('/input') ? `/runs/0${path}` : path)
  return movingPaths(place, () => startRuns(engine, version, requests.map(requestOf), key))
}

function requestOf(request: StartRun): StartRequest {
  // Most workflows need no input; a schema that asks for an object is content with none in it.
  const { input = {}, context, order_id: orderId, priority, tags, start_at: startAt } = request
  return { input, context, orderId, priority, tags, startAt }
}

/** What only the database can tell about requests. */
async function refuseBadRequests(engine: Engine, asked: readonly { request: StartRun; path: string }[]): Promise<void> {
  const orderIds = asked.flatMap(({ request }) => request.order_id ?? [])
  const missing = new Set(await findMissingOrders(engine.db, [...new Set(orderIds)]))
  const problems = asked.flatMap(({ request, path }) => problemsOf(request, path, missing))
  const [first] = problems
  if (first === undefined) return
  throw new SluiceError('invalid_input', first.message, { problems })
}

function problemsOf(request: StartRun, path: string, missingOrders: ReadonlySet<string>): InputProblem[] {
  const problems: InputProblem[] = []
  const { order_id } = request
  if (order_id !== undefined && missingOrders.has(order_id)) {
    problems.push({ path: `${path}/order_id`, code: 'unknown_order', message: `There is no order ${order_id}.` })
  }
  return problems
}
