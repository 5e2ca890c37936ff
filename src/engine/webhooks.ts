import { randomBytes } from 'node:crypto'
import { v7 as uuidv7 } from 'uuid'
import type { IdempotencyKey } from '../db/runs.ts'
import {
  deleteWebhook,
  insertWebhook,
  lockWebhook,
  markWebhookUsed,
  updateWebhook,
  type WebhookRow,
} from '../db/webhooks.ts'
import type { WorkflowRow } from '../db/workflows.ts'
import { SluiceError } from '../errors.ts'
import type { Json } from '../workflow/definition.ts'
import type { Engine } from './engine.ts'
import { startRuns, type Started } from './start.ts'

/** Addresses that start runs: whoever knows the token may try, whoever knows the secret may start. */

/** Bytes of a token or secret: more than can be guessed. */
const CREDENTIAL_BYTES = 32

const credential = () => randomBytes(CREDENTIAL_BYTES).toString('base64url')

/** A new token (part of the address) and a new secret (signs deliveries). */
export function newCredentials(): { token: string; secret: string } {
  return { token: credential(), secret: credential() }
}

/** Makes a webhook of a workflow. */
export async function createWebhook(engine: Engine, workflow: WorkflowRow): Promise<WebhookRow> {
  return await insertWebhook(engine.db.orm, { id: uuidv7(), workflowId: workflow.id, ...newCredentials() })
}

/** Gives a webhook a new secret; what is signed with the old one is refused from then on. */
export async function renewSecret(engine: Engine, workflow: WorkflowRow, id: string): Promise<WebhookRow> {
  return await engine.db.orm.transaction(async (tx) => {
    const row = requireFound(await lockWebhook(tx, workflow.id, id), workflow, id)
    const secret = credential()
    await updateWebhook(tx, id, { secret })
    return { ...row, secret }
  })
}

/** Deletes a webhook. Throws `conflict` for one that the definition makes. */
export async function removeWebhook(engine: Engine, workflow: WorkflowRow, id: string): Promise<void> {
  await engine.db.orm.transaction(async (tx) => {
    const { triggerIndex } = requireFound(await lockWebhook(tx, workflow.id, id), workflow, id)
    if (triggerIndex !== null) {
      const message = `Webhook ${id} is trigger ${triggerIndex} of the definition of ${workflow.name}: remove it there, in a new version.`
      throw new SluiceError('conflict', message)
    }
    await deleteWebhook(tx, id)
  })
}

function requireFound(row: WebhookRow | null, workflow: WorkflowRow, id: string): WebhookRow {
  if (row === null) throw new SluiceError('not_found', `Workflow ${workflow.name} has no webhook "${id}".`)
  return row
}

/**
 * Starts the run of a delivery whose signature is right; with a key, once. `body` undefined: it was empty. Throws as
 * {@link startRuns}; paths of what is wrong with the input lead from the body.
 */
export async function startDelivered(
  engine: Engine,
  webhook: WebhookRow,
  versionId: string,
  body: Json | undefined,
  key?: IdempotencyKey,
): Promise<Started> {
  const input = withDefaults(await defaultsOf(engine, webhook, versionId), body)
  const request = { input, origin: { webhookId: webhook.id } }
  try {
    const started = await startRuns(engine, { id: versionId, workflowId: webhook.workflowId }, [request], key)
    await markWebhookUsed(engine.db, webhook.id)
    return started
  } catch (error) {
    if (!(error instanceof SluiceError) || error.code !== 'invalid_input') throw error
    const problems = error.problems.map((problem) => ({ ...problem, path: problem.path.replace(/^\/input/, '') }))
    throw new SluiceError(error.code, error.message, { problems })
  }
}

/** The `input` of the trigger that made a webhook. */
async function defaultsOf(engine: Engine, { triggerIndex }: WebhookRow, versionId: string): Promise<Json | undefined> {
  if (triggerIndex === null) return undefined
  return (await engine.versions.get(versionId)).definition.triggers[triggerIndex]?.input
}

/** The body; where it and the trigger's `input` are objects, with the keys of that which it lacks. */
function withDefaults(defaults: Json | undefined, body: Json | undefined): Json {
  if (body === undefined) return defaults ?? {}
  return isObject(defaults) && isObject(body) ? { ...defaults, ...body } : body
}

function isObject(value: Json | undefined): value is { [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
