import { z } from 'zod'
import {
  compensateSchema,
  concurrencySchema,
  cronTriggerSchema,
  definitionSchema,
  dependencySchema,
  stepSchema,
  type CronTrigger,
  type Definition,
  type Join,
} from './definition.ts'
import type { Json } from './json-value.ts'

/**
 * A definition as far as it can be read: the parts that are well-formed by themselves, each with its place. Checks that
 * look at more than one place work on it, so that one answer names a cycle and a misspelt key together.
 */
export interface Draft {
  steps: DraftStep[]
  crons: DraftCron[]
  inputSchema: Json | undefined
  output: Json | undefined
  concurrencyKey: string | undefined
}

/** A trigger of type `cron`. */
export interface DraftCron extends Partial<CronTrigger> {
  /** Place in `triggers`. */
  index: number
}

export interface DraftStep {
  /** Place in `steps`. */
  index: number
  id: string | undefined
  type: string | undefined
  config: Record<string, Json> | undefined
  input: Json | undefined
  edges: DraftEdge[]
  join: Join
  when: string | undefined
  compensate: { action: string; input?: Json | undefined } | undefined
  outputSchema: Json | undefined
}

export interface DraftEdge {
  /** Place in `depends_on`. */
  place: number
  step: string
  when: string | undefined
  branch: string | undefined
}

/** The whole of a well-formed definition. */
export function draftOf(definition: Definition): Draft {
  return {
    steps: definition.steps.map((step, index) => ({
      index,
      id: step.id,
      type: step.type,
      config: step.config,
      input: step.input,
      edges: step.depends_on.map(edgeOf),
      join: step.join,
      when: step.when,
      compensate: step.compensate,
      outputSchema: step.output_schema,
    })),
    crons: definition.triggers.flatMap((trigger, index) => (trigger.type === 'cron' ? [{ ...trigger, index }] : [])),
    inputSchema: definition.input_schema,
    output: definition.output,
    concurrencyKey: definition.concurrency?.key,
  }
}

/** What can be read of a definition whose shape is wrong somewhere. */
export function readDraft(raw: unknown): Draft {
  const source = objectOf(raw)
  const top = readable(definitionSchema.omit({ steps: true, triggers: true }), source)
  return {
    steps: listOf(source['steps']).map(readStep),
    crons: listOf(source['triggers']).flatMap(readCron),
    inputSchema: top.input_schema,
    output: top.output,
    concurrencyKey: readable(concurrencySchema, source['concurrency']).key,
  }
}

function readCron(raw: unknown, index: number): DraftCron[] {
  const trigger = readable(cronTriggerSchema, raw)
  return trigger.type === 'cron' ? [{ ...trigger, index }] : []
}

function readStep(raw: unknown, index: number): DraftStep {
  const source = objectOf(raw)
  const step = readable(stepSchema.omit({ id: true, depends_on: true }), source)
  const edges = listOf(source['depends_on']).map((edge) => dependencySchema.safeParse(edge).data)
  return {
    index,
    id: typeof source['id'] === 'string' ? source['id'] : undefined,
    type: step.type,
    config: step.config,
    input: step.input,
    edges: edges.flatMap((edge, place) => (edge === undefined ? [] : [edgeOf(edge, place)])),
    join: step.join ?? 'all',
    when: step.when,
    compensate: compensateSchema.safeParse(source['compensate']).data,
    outputSchema: step.output_schema,
  }
}

function edgeOf(
  edge: string | { step: string; when?: string | undefined; branch?: string | undefined },
  place: number,
): DraftEdge {
  return typeof edge === 'string'
    ? { place, step: edge, when: undefined, branch: undefined }
    : { place, step: edge.step, when: edge.when, branch: edge.branch }
}

/** Those members of an object that their own schemas accept, with defaults where a member is absent. */
export function readable<Schema extends z.ZodObject>(schema: Schema, source: unknown): Partial<z.output<Schema>> {
  const from = objectOf(source)
  const read: Record<string, unknown> = {}
  for (const [key, member] of Object.entries<z.core.$ZodType>(schema.shape)) {
    const result = z.safeParse(member, Object.hasOwn(from, key) ? from[key] : undefined)
    if (result.success && result.data !== undefined) read[key] = result.data
  }
  return read as Partial<z.output<Schema>>
}

function objectOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {}
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : []
}
