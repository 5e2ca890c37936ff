import { createHash } from 'node:crypto'
import { v7 as uuidv7 } from 'uuid'
import { readActionSchemas } from '../db/actions.ts'
import type { Transaction } from '../db/client.ts'
import {
  getVersion,
  insertVersion,
  insertWorkflow,
  lockWorkflow,
  setArchived,
  setLatest,
  type VersionRow,
  type WorkflowRow,
} from '../db/workflows.ts'
import { SluiceError } from '../errors.ts'
import { canonicalJson } from '../workflow/canonical.ts'
import type { Definition, Json } from '../workflow/definition.ts'
import { LIMITS } from '../workflow/limits.ts'
import type { Problem } from '../workflow/problems.ts'
import type { ActionCatalog } from '../workflow/validate-steps.ts'
import { validateDefinition, type Validation } from '../workflow/validate.ts'
import { findContainedCycles } from './contained-workflows.ts'
import type { Engine } from './engine.ts'
import { takesTooLong, TookTooLong, withinTime } from './time-limit.ts'
import { applyTriggers } from './triggers.ts'

/** A version of a workflow; `isNew`: it did not exist before. */
export interface Registered {
  workflow: WorkflowRow
  version: VersionRow
  isNew: boolean
}

/**
 * Validates a definition against the format, the actions that workers have announced, and the workflows that it would run
 * as children. Stores nothing.
 */
export async function validate(engine: Engine, definition: Json): Promise<Validation> {
  const validation = validateInTime(definition, await readActionSchemas(engine.db))
  const cycles = await findContainedCycles(engine.db, definition)
  return cycles.length === 0 ? validation : { valid: false, errors: [...validation.errors, ...cycles] }
}

/** The input of a trigger is checked by the patterns of an `input_schema` that comes with it. */
function validateInTime(definition: Json, actions: ActionCatalog['actions']): Validation {
  try {
    return withinTime(LIMITS.validationMs, () => validateDefinition(definition, { actions }))
  } catch (error) {
    if (!(error instanceof TookTooLong)) throw error
    const message = `to validate it ${takesTooLong(LIMITS.validationMs)}`
    return { valid: false, errors: [{ path: '', code: 'limit_exceeded', message }] }
  }
}

/**
 * Stores a definition under its name: as a new workflow, as a new version of it, or not at all where it is already the
 * latest version. Takes the workflow out of the archive. Of simultaneous calls one inserts a version and the others find
 * it. Throws `invalid_definition` with all that is wrong, and what `accept` throws of a valid one.
 */
export async function registerWorkflow(
  engine: Engine,
  posted: Json,
  accept: (definition: Definition) => void = () => {},
): Promise<Registered> {
  const definition = await requireValid(engine, posted)
  accept(definition)
  const fresh = newVersion(definition, posted)
  return await engine.db.orm.transaction(async (tx) => {
    const { name } = definition
    const description = definition.description ?? null
    const inserted = await insertWorkflow(tx, { id: uuidv7(), name, description, latestVersion: 1 })
    if (inserted !== null) return await addVersion(tx, inserted, 1, fresh)
    return await appendVersion(tx, await requireLocked(tx, { name }), fresh)
  })
}

/** What a client knows of a workflow that it changes: the version that it read, if it says so. */
export interface Expectation {
  workflowId: string
  version?: number | undefined
}

/**
 * Stores a definition as the next version of a certain workflow. Throws `invalid_definition` also for another name,
 * `conflict` where the workflow is archived, `version_mismatch` where another version than the expected is the latest.
 */
export async function replaceDefinition(engine: Engine, expected: Expectation, posted: Json): Promise<Registered> {
  const definition = await requireValid(engine, posted)
  const fresh = newVersion(definition, posted)
  return await engine.db.orm.transaction(async (tx) => {
    const workflow = await requireLocked(tx, { id: expected.workflowId })
    refuseArchived(workflow)
    if (expected.version !== undefined && expected.version !== workflow.latestVersion) {
      throw new SluiceError(
        'version_mismatch',
        `Workflow ${workflow.name} is at version ${workflow.latestVersion}, not ${expected.version}: read it again, then repeat the change.`,
      )
    }
    if (definition.name !== workflow.name) throw otherName(workflow.name, definition.name)
    return await appendVersion(tx, workflow, fresh)
  })
}

/** Archives a workflow: no new runs; old ones stay readable. Doing it again changes nothing. */
export async function archiveWorkflow(engine: Engine, workflowId: string): Promise<void> {
  await setArchived(engine.db, workflowId)
}

/** Throws `conflict` where a workflow is archived. */
export function refuseArchived(workflow: Pick<WorkflowRow, 'name' | 'archivedAt'>): void {
  if (workflow.archivedAt === null) return
  throw new SluiceError(
    'conflict',
    `Workflow ${workflow.name} is archived: post its definition again to bring it back.`,
  )
}

async function requireValid(engine: Engine, posted: Json): Promise<Definition> {
  const validation = await validate(engine, posted)
  if (!validation.valid) throw invalidDefinition(validation.errors)
  return validation.definition
}

function invalidDefinition(problems: readonly Problem[]): SluiceError {
  const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`
  return new SluiceError('invalid_definition', `The definition has ${count}: ${problems[0]?.message ?? ''}`, {
    problems,
  })
}

function otherName(name: string, given: string): SluiceError {
  return invalidDefinition([
    {
      path: '/name',
      code: 'invalid_definition',
      message: `"${given}" is not the name of this workflow, "${name}": a name cannot change; post the definition as a workflow of its own`,
    },
  ])
}

type FreshVersion = Pick<VersionRow, 'hash' | 'definition' | 'stepCount'> & {
  description: string | null
  triggers: Definition['triggers']
}

function newVersion(definition: Definition, posted: Json): FreshVersion {
  return {
    hash: createHash('sha256').update(canonicalJson(posted)).digest('hex'),
    definition: posted,
    stepCount: definition.steps.length,
    description: definition.description ?? null,
    triggers: definition.triggers,
  }
}

/** The row is locked, so the latest version stays the latest until the transaction ends. */
async function appendVersion(tx: Transaction, workflow: WorkflowRow, fresh: FreshVersion): Promise<Registered> {
  const latest = await getVersion(tx, workflow.id, workflow.latestVersion)
  if (latest === null) throw new Error(`workflow ${workflow.id} lacks its version ${workflow.latestVersion}`)
  const isNew = latest.hash !== fresh.hash
  const version = isNew ? workflow.latestVersion + 1 : latest.version
  const { description } = fresh
  await setLatest(tx, workflow.id, { version, description })
  const changed = { ...workflow, latestVersion: version, description, archivedAt: null }
  if (isNew) return await addVersion(tx, changed, version, fresh, workflow.archivedAt !== null)
  await applyTriggers(tx, workflow.id, fresh.triggers, { isNew, isBack: workflow.archivedAt !== null })
  return { workflow: changed, version: latest, isNew }
}

async function addVersion(
  tx: Transaction,
  workflow: WorkflowRow,
  number: number,
  { hash, definition, stepCount, triggers }: FreshVersion,
  isBack = false,
): Promise<Registered> {
  const row = { id: uuidv7(), workflowId: workflow.id, version: number, hash, definition, stepCount }
  const version = await insertVersion(tx, row)
  await applyTriggers(tx, workflow.id, triggers, { isNew: true, isBack })
  return { workflow, version, isNew: true }
}

async function requireLocked(tx: Transaction, by: Parameters<typeof lockWorkflow>[1]): Promise<WorkflowRow> {
  const workflow = await lockWorkflow(tx, by)
  if (workflow === null) throw new SluiceError('not_found', `There is no workflow "${'id' in by ? by.id : by.name}".`)
  return workflow
}
