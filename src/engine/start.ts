import { v7 as uuidv7 } from 'uuid'
import {
  findIdempotencyOwner,
  type IdempotencyKey,
  type IdempotencyOwner,
  type InsertedRun,
  type NewRun,
} from '../db/runs.ts'
import type { SlotGroup } from '../db/admission.ts'
import { getWorkflow } from '../db/workflows.ts'
import { SluiceError } from '../errors.ts'
import { executableProblems } from '../workflow/validate-executable.ts'
import { checkInput } from '../workflow/input.ts'
import type { Json } from '../workflow/definition.ts'
import { LIMITS } from '../workflow/limits.ts'
import type { Problem } from '../workflow/problems.ts'
import { admitSoon, hintStart } from './admit.ts'
import { concurrencyKeys } from './concurrency-key.ts'
import { dispatchNew } from './dispatch.ts'
import type { Engine } from './engine.ts'
import { checkInTime, takesTooLong, TookTooLong } from './time-limit.ts'

/** One run that a client asks for. */
export interface StartRequest {
  input?: Json | undefined
  context?: Json | undefined
  orderId?: string | undefined
  priority?: number | undefined
  tags?: readonly string[] | undefined
  /** Chosen by the caller, who may have to repeat the start; default: a new one. */
  id?: string | undefined
  /** The step that the run is the child run of. */
  parent?: NewRun['parent'] | undefined
  /** Not before; ISO 8601. A time that has passed is now. */
  startAt?: string | undefined
  /** What it came from. */
  origin?: NewRun['origin'] | undefined
}

/** The version that runs are started of. */
export interface StartedVersion {
  id: string
  workflowId: string
  /** Its number, where the runs are to start only if it is its workflow's latest, and the workflow is not archived. */
  ifLatest?: number | undefined
}

/** Nothing has been started: the version is not its workflow's latest any more, or the workflow is archived. */
export class VersionMovedOn extends Error {}

/** The ids of the runs, in the order of the requests. `replayed`: they had been started before, under the same key. */
export interface Started {
  ids: string[]
  replayed: boolean
  /** The runs as they were inserted; none where they had been before. */
  runs: NewlyStarted[]
}

/** A run as it was inserted: nothing has been done of it. */
export type NewlyStarted = Omit<NewRun, 'startAt'> & InsertedRun

/**
 * Starts runs of one version: all or none. When this returns, they are in Postgres and will run to their end whatever
 * happens; the queue learns of them in the background.
 *
 * Throws `not_supported` for a definition with parts that this version cannot run, `invalid_input` where an input does
 * not match the definition's `input_schema`, `idempotency_mismatch` where the key belongs to another request, and
 * {@link VersionMovedOn} where the version has to be the latest and is not. A key is for all of the requests together.
 */
export async function startRuns(
  engine: Engine,
  version: StartedVersion,
  requests: readonly StartRequest[],
  key?: IdempotencyKey,
): Promise<Started> {
  let refusal: Error | undefined
  try {
    const started = await startNew(engine, version, requests, key ?? null)
    if (started !== null) return started
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error
    refusal = error
  }
  // What was accepted once is answered alike ever after, whatever would be refused today.
  const owner = key && (await findIdempotencyOwner(engine.db, version.workflowId, key.key))
  if (key && owner) return replay(owner, key)
  throw refusal ?? new VersionMovedOn(`version ${version.id} is not the latest any more`)
}

/** What an earlier request with a key has started of a workflow, by its id or name; null: nothing. Throws `idempotency_mismatch`. */
export async function findStarted(engine: Engine, workflow: string, key: IdempotencyKey): Promise<Started | null> {
  const found = await getWorkflow(engine.db, workflow)
  const owner = found && (await findIdempotencyOwner(engine.db, found.id, key.key))
  return owner ? replay(owner, key) : null
}

/** As {@link startRuns}; null where the key is taken, or the version is not the latest any more. */
async function startNew(
  engine: Engine,
  version: StartedVersion,
  requests: readonly StartRequest[],
  key: IdempotencyKey | null,
): Promise<Started | null> {
  const compiled = await engine.versions.get(version.id)
  refuseUnsupported(compiled.definition)
  refuseLargeBatch(requests.length, compiled.steps.length)
  refuseBadInputs(compiled.definition.input_schema, requests)
  const keys = await concurrencyKeys(engine, compiled.definition.concurrency, requests)
  const timeoutSeconds = compiled.definition.timeout_seconds ?? null
  const [ownKey, batchKey] = requests.length === 1 ? [key, undefined] : [null, key ?? undefined]
  const runs = requests.map((request, index) =>
    newRun(engine, version, request, { concurrencyKey: keys[index] ?? null, timeoutSeconds, key: ownKey }),
  )
  const stepIds = compiled.steps.map((step) => step.id)
  const inserted = await engine.insertions.insert(runs, { version, stepIds, batchKey })
  if (inserted.length === 0) return null
  engine.changes.runs(runs.map((run) => run.id))
  for (const { parent } of runs) if (parent !== null) engine.changes.step(parent.runId, parent.stepIndex)
  const admitted = runs.filter((run) => run.admitted)
  dispatchNew(
    engine,
    compiled,
    admitted.map((run) => ({ id: run.id, priority: run.priority })),
  )
  admitInTime(
    engine,
    runs.filter((run) => !run.admitted),
  )
  const rows = new Map(inserted.map((row) => [row.id, row]))
  return {
    ids: runs.map((run) => run.id),
    replayed: false,
    runs: runs.map((run) => ({ ...run, ...rows.get(run.id)! })),
  }
}

function newRun(
  engine: Engine,
  version: { id: string; workflowId: string },
  request: StartRequest,
  { concurrencyKey, timeoutSeconds, key }: Pick<NewRun, 'concurrencyKey' | 'timeoutSeconds' | 'key'>,
): NewRun {
  const startAt = request.startAt ?? null
  // Whether its time has come is for Postgres's clock to say.
  const admitted = concurrencyKey === null && startAt === null
  return {
    id: request.id ?? uuidv7(),
    workflowId: version.workflowId,
    versionId: version.id,
    input: request.input ?? null,
    context: request.context ?? null,
    orderId: request.orderId ?? null,
    parent: request.parent ?? null,
    origin: request.origin ?? {},
    startAt,
    concurrencyKey,
    admitted,
    timeoutSeconds,
    key,
    tags: request.tags ?? [],
    priority: request.priority ?? null,
    queueToken: admitted ? engine.queueLife.token : null,
  }
}

function admitInTime(engine: Engine, held: readonly NewRun[]): void {
  const groups: SlotGroup[] = []
  for (const { workflowId, concurrencyKey, startAt } of held) {
    const group = concurrencyKey === null ? null : { workflowId, concurrencyKey }
    if (startAt !== null) hintStart(engine, new Date(startAt), group)
    else if (group !== null) groups.push(group)
  }
  if (groups.length > 0) admitSoon(engine, groups)
}

function replay(owner: IdempotencyOwner, idempotency: IdempotencyKey): Started {
  if (owner.requestHash === idempotency.requestHash) return { ids: owner.runIds, replayed: true, runs: [] }
  const message = `Idempotency-Key "${idempotency.key}" was used for another request (run ${owner.runIds[0]}): send the same body, or another key.`
  throw new SluiceError('idempotency_mismatch', message, {
    problems: [{ path: '/idempotency-key', code: 'idempotency_mismatch', message }],
  })
}

function refuseUnsupported(definition: Parameters<typeof executableProblems>[0]): void {
  const problems = executableProblems(definition)
  if (problems.length === 0) return
  throw new SluiceError(
    'not_supported',
    `This version of Sluice cannot run the workflow yet: ${problems[0]!.message}`,
    { problems },
  )
}

/** One run may have as many steps as its definition. */
function refuseLargeBatch(runs: number, stepsEach: number): void {
  if (runs === 1 || runs * stepsEach <= LIMITS.batchSteps) return
  const [each, found, allowed] = [stepsEach, runs * stepsEach, LIMITS.batchSteps].map((count) =>
    count.toLocaleString('en'),
  )
  const most = Math.floor(LIMITS.batchSteps / stepsEach)
  const message =
    `${runs} runs of ${each} steps have ${found} steps together, more than the ${allowed} of one batch: ` +
    `send at most ${most} runs of this workflow at once`
  throw new SluiceError('invalid_input', message, { problems: [{ path: '/runs', code: 'limit_exceeded', message }] })
}

/** Throws `invalid_input` where an input does not match the `input_schema`. */
export function refuseBadInputs(schema: Json | undefined, requests: readonly StartRequest[]): void {
  if (schema === undefined) return
  const problems = checkInputs(schema, requests)
  if (problems.length === 0) return
  throw new SluiceError(
    'invalid_input',
    `The input does not match the workflow's input_schema: ${problems[0]!.path} ${problems[0]!.message}`,
    { problems },
  )
}

function checkInputs(schema: Json, requests: readonly StartRequest[]): Problem[] {
  const isBatch = requests.length > 1
  const check = () =>
    requests.flatMap(({ input = null }, index) =>
      checkInput(schema, input).map((found) => (isBatch ? { ...found, path: `/runs/${index}${found.path}` } : found)),
    )
  try {
    return checkInTime(schema, check)
  } catch (error) {
    if (!(error instanceof TookTooLong)) throw error
    const message = `to check it against input_schema ${takesTooLong(LIMITS.schemaCheckMs)}`
    return [{ path: isBatch ? '/runs' : '/input', code: 'limit_exceeded', message }]
  }
}
