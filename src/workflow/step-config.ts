import { z } from 'zod'
import { isLiteral } from './bindings.ts'
import {
  expression,
  isStepType,
  jsonSchema,
  mapStepSchema,
  positiveSeconds,
  seconds,
  MOST_VERSIONS,
  WORKFLOW_NAME,
  type StepType,
} from './definition.ts'
import { readable } from './draft.ts'
import type { Json } from './json-value.ts'
import { momentText } from './moment.ts'
import { LIMITS } from './limits.ts'

/** What `config` may hold, type by type, and which of its keys are bindings or expressions. */

const text = z.string().min(1)

/** Keys of every type that executes something: simulated work, and how often a failed attempt is repeated. */
const attemptKeys = {
  duration_seconds: seconds.optional().describe('simulated work; default 1 for a task without action, else 0'),
  fail_probability: z.number().min(0).max(1).optional().describe('chance that an attempt fails; default 0'),
  max_retries: z.int().min(0).max(LIMITS.retries).optional().describe('default 0'),
}

/** The keys of `config` that every action's step may have; whatever else stands there is the action's own. */
const actionConfig = z.looseObject({
  action: text.max(128).optional().describe('the name of the action; without one the task only simulates work'),
  ...attemptKeys,
})

const conditionConfig = z.strictObject({
  expression: expression.describe('CEL: true, false, or the name of a branch'),
  ...attemptKeys,
})

const structureConfig = z.strictObject({})

const approvalConfig = z
  .strictObject({
    timeout_seconds: positiveSeconds.optional(),
    on_timeout: z.enum(['fail', 'approve', 'reject']).optional().describe('default fail'),
    approvers: z.array(text).min(1).max(100).optional().describe('who may decide; default anyone'),
    quorum: z.int().min(1).optional().describe('how many must approve; default 1'),
    message: jsonSchema.optional().describe('binding: what the approver is shown'),
  })
  .superRefine(({ timeout_seconds, on_timeout, approvers, quorum }, context) => {
    if (on_timeout !== undefined && timeout_seconds === undefined) {
      context.addIssue({ code: 'custom', path: ['on_timeout'], message: 'has no effect without timeout_seconds' })
    }
    const people = new Set(approvers).size
    if (quorum !== undefined && approvers !== undefined && quorum > people) {
      const message = `${quorum} approvals cannot come from ${people} approver${people === 1 ? '' : 's'}`
      context.addIssue({ code: 'custom', path: ['quorum'], message })
    }
  })

const waitConfig = z
  .strictObject({
    seconds: seconds.optional(),
    until: text
      .refine((value) => !isLiteral(value) || momentText.safeParse(value).success, {
        message: 'is neither an ISO 8601 time with its zone, such as 2026-01-31T09:00:00Z, nor a binding',
      })
      .optional(),
  })
  .refine((config) => (config.seconds === undefined) !== (config.until === undefined), {
    message: 'needs either seconds or until',
  })

const waitEventConfig = z.strictObject({
  event: text.max(128).describe('name of the event, or a binding of it'),
  match: expression.optional().describe('CEL over event.data; the step takes the first event for which it is true'),
})

const mapConfig = z.strictObject({
  items: z
    .union([text, z.array(jsonSchema).max(LIMITS.mapItems)])
    .refine((items) => typeof items !== 'string' || !isLiteral(items), { message: 'is neither a binding nor an array' })
    .describe('binding: the items'),
  step: mapStepSchema,
  concurrency: z.int().min(1).max(LIMITS.mapItems).optional().describe('how many items at once'),
})

const workflowConfig = z.strictObject({
  workflow: z.string().regex(WORKFLOW_NAME, 'is not the name of a workflow'),
  version: z.int().min(1).max(MOST_VERSIONS).optional().describe('default: the latest when the step starts'),
  ...attemptKeys,
})

const scalar = z.union([z.string(), z.number(), z.boolean()])

const httpConfig = z
  .strictObject({
    method: z.enum(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']).optional().describe('default GET'),
    url: text.refine((url) => !isLiteral(url) || isHttpUrl(url), { message: 'is no http or https URL' }),
    headers: z.record(text, scalar).superRefine(checkHeaders).optional(),
    query: z.record(text, z.union([scalar, z.null(), z.array(scalar)])).optional(),
    body: jsonSchema.optional().describe('sent as JSON'),
    form: z
      .union([text, z.record(text, z.union([scalar, z.null()]))])
      .optional()
      .describe('sent url-encoded'),
    expected_statuses: z
      .array(z.union([z.int().min(100).max(599), z.string().regex(/^[1-5]xx$/, 'is no status such as 404 or 2xx')]))
      .min(1)
      .optional()
      .describe('default 2xx; any other fails the attempt'),
    max_response_bytes: z.int().min(1).max(LIMITS.outputBytes).optional().describe('default and at most 1 MiB'),
    ...attemptKeys,
  })
  .refine((config) => config.body === undefined || config.form === undefined, {
    message: 'takes either body or form, not both',
  })

/** Names and characters as RFC 9110, 5.1 and 5.5, has them. */
const HEADER_NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const HEADER_VALUE = /^[\t\u0020-\u007e\u0080-\u00ff]*$/
/** They are of a connection, and so the worker's own (RFC 9110, 7.6.1), or ask for what it does not do. */
const RESERVED_HEADERS = new Set(['expect', 'keep-alive', 'transfer-encoding', 'upgrade'])

/** Refuses what no request could be sent with; values that are bindings are known at run time only. */
function checkHeaders(headers: Record<string, string | number | boolean>, context: z.RefinementCtx): void {
  for (const [name, value] of Object.entries(headers)) {
    const message = faultOfHeader(name, value)
    if (message !== null) context.addIssue({ code: 'custom', path: [name], message })
  }
}

function faultOfHeader(name: string, value: string | number | boolean): string | null {
  if (!HEADER_NAME.test(name)) return "is no name of a header: it may have letters, digits and !#$%&'*+-.^_`|~"
  if (RESERVED_HEADERS.has(name.toLowerCase())) return 'cannot be set: it is up to the worker that sends the request'
  if (typeof value !== 'string' || !isLiteral(value) || HEADER_VALUE.test(value)) return null
  return 'has characters that no header may have: it may have those of ISO 8859-1, on one line'
}

function isHttpUrl(url: string): boolean {
  return URL.canParse(url) && ['http:', 'https:'].includes(new URL(url).protocol)
}

const transformConfig = z.strictObject({ output: jsonSchema.describe('binding: the output'), ...attemptKeys })

const shellConfig = z.strictObject({
  command: z.union([text, z.array(text).min(1)]).describe('a shell command, or a program and its arguments'),
  args: z.array(z.string()).optional(),
  env: z.record(text, scalar).optional(),
  cwd: text.optional(),
  ...attemptKeys,
})

const llmKeys = {
  model: text.optional(),
  system: z.string().optional(),
  prompt: text.optional(),
  messages: z.array(jsonSchema).min(1).optional(),
  temperature: z.number().min(0).max(2).optional(),
  top_p: z.number().min(0).max(1).optional(),
  max_tokens: z.int().min(1).optional(),
  seed: z.int().optional(),
  stop: z.union([text, z.array(text)]).optional(),
  response_format: jsonSchema.optional(),
  ...attemptKeys,
}

function notBoth(config: { prompt?: unknown; messages?: unknown }): boolean {
  return config.prompt === undefined || config.messages === undefined
}
const promptOrMessages = { message: 'takes either prompt or messages, not both' }

const llmConfig = z.strictObject(llmKeys).refine(notBoth, promptOrMessages)

const agentConfig = z
  .strictObject({
    ...llmKeys,
    tools: z.array(text).optional().describe('names of actions that the model may call'),
    max_turns: z.int().min(1).max(1_000).optional(),
  })
  .refine(notBoth, promptOrMessages)

interface ConfigKind {
  schema: z.ZodObject
  /** Keys whose values are bindings. */
  bindings: readonly string[]
}

const HTTP: ConfigKind = { schema: httpConfig, bindings: ['url', 'headers', 'query', 'body', 'form'] }
const APPROVAL: ConfigKind = { schema: approvalConfig, bindings: ['message'] }
const STRUCTURE: ConfigKind = { schema: structureConfig, bindings: [] }
const LLM_BINDINGS = ['system', 'prompt', 'messages']
const ACTION: ConfigKind = { schema: actionConfig, bindings: [] }

const CONFIG_KINDS: Record<StepType, ConfigKind> = {
  task: ACTION,
  condition: { schema: conditionConfig, bindings: [] },
  parallel: STRUCTURE,
  join: STRUCTURE,
  approval: APPROVAL,
  human_gate: APPROVAL,
  wait: { schema: waitConfig, bindings: ['until'] },
  wait_event: { schema: waitEventConfig, bindings: ['event'] },
  map: { schema: mapConfig, bindings: ['items'] },
  workflow: { schema: workflowConfig, bindings: [] },
  http: HTTP,
  tool_call: HTTP,
  transform: { schema: transformConfig, bindings: ['output'] },
  shell: { schema: shellConfig, bindings: ['command', 'args', 'env', 'cwd'] },
  llm: { schema: llmConfig, bindings: LLM_BINDINGS },
  agent: { schema: agentConfig, bindings: LLM_BINDINGS },
  agent_call: { schema: agentConfig, bindings: LLM_BINDINGS },
}

/** The schema of a type's `config`; types that are actions share the one of `task`. */
export function configSchemaOf(type: string): z.ZodObject {
  return (isStepType(type) ? CONFIG_KINDS[type] : ACTION).schema
}

/** Where a step holds bindings and expressions, and of which sort. */
export interface Place {
  /** `condition` must be true or false, `choice` also a text. */
  kind: 'binding' | 'condition' | 'choice'
  /** From the step to the value. */
  path: readonly (string | number)[]
  value: Json
  /** Variables there besides `input`, `context`, `order` and `steps`. */
  extra: readonly ('item' | 'index' | 'event')[]
  /** Evaluated after the step completed, so its own output counts as upstream. */
  isAfter: boolean
}

/** What {@link placesOf} looks at; a part that is malformed is left undefined. */
export interface PlacedStep {
  type?: string | undefined
  config?: Record<string, Json> | undefined
  input?: Json | undefined
  when?: string | undefined
  depends_on?: readonly (string | { step: string; when?: string | undefined })[] | undefined
  compensate?: { input?: Json | undefined } | undefined
}

type Extra = Place['extra']
const NO_EXTRA: Extra = []
const ITEM_EXTRA: Extra = ['item', 'index']

/** Every binding and expression of a step, those of a map's inner step included, in the order of the format's page. */
export function placesOf(step: PlacedStep, path: readonly (string | number)[] = [], extra: Extra = NO_EXTRA): Place[] {
  const places: Place[] = []
  const add = (
    kind: Place['kind'],
    key: readonly (string | number)[],
    value: Json | undefined,
    more: Extra = extra,
  ) => {
    if (value === undefined || (kind !== 'binding' && typeof value !== 'string')) return
    places.push({ kind, path: [...path, ...key], value, extra: more, isAfter: key[0] === 'compensate' })
  }
  const { type = 'task', config = {} } = step
  const { bindings } = isStepType(type) ? CONFIG_KINDS[type] : ACTION
  for (const key of bindings) add('binding', ['config', key], config[key])
  if (type === 'condition') add('choice', ['config', 'expression'], config['expression'])
  if (type === 'wait_event') add('condition', ['config', 'match'], config['match'], [...extra, 'event'])
  if (type === 'map') places.push(...placesOfItemStep(config['step'], [...path, 'config', 'step']))
  add('binding', ['input'], step.input)
  for (const [index, edge] of (step.depends_on ?? []).entries()) {
    if (typeof edge === 'object') add('condition', ['depends_on', index, 'when'], edge.when)
  }
  add('condition', ['when'], step.when)
  add('binding', ['compensate', 'input'], step.compensate?.input)
  return places
}

function placesOfItemStep(step: Json | undefined, path: readonly (string | number)[]): Place[] {
  return placesOf(readable(mapStepSchema, step), path, ITEM_EXTRA)
}
