import { queryOptions } from '@tanstack/react-query'
import { getJson } from './client.ts'
import { keys } from './keys.ts'
import { queryClient } from './query-client.ts'
import type { LogLine, Page } from './shapes.ts'

const PAGE = 200
/** Lines that one read brings at most; reading again goes on from there. */
const MOST_AT_ONCE = 2_000
/** Ids before the last known one whose lines are read once more: those of a moment, while much is logged. */
const OVERLAP = 400
/** Lines that a page keeps; of more the oldest are let go, and can be downloaded. */
export const MOST_LINES = 20_000
/** How often lines are asked for while no stream brings them, ms. */
const EVERY_MS = 1_000

/** The lines of a run, or of one step, that are known here. */
export interface Logs {
  /** Oldest first. */
  lines: readonly LogLine[]
  /** There are more behind the last one, which have not been read yet. */
  hasMore: boolean
  /** The oldest were let go. */
  isCut: boolean
}

/**
 * What the actions of a run (or of one step) logged. Each read goes on where {@link readFrom} says. `poll`: read again and
 * again, since no stream brings what is new.
 */
export function logsQuery(runId: string, stepId: string | undefined, { poll }: { poll: boolean }) {
  const queryKey = keys.logs(runId, stepId)
  return queryOptions({
    queryKey,
    queryFn: async ({ signal }) => {
      const read = await readLines(runId, stepId, readFrom(queryClient.getQueryData<Logs>(queryKey)), signal)
      // What a stream brought meanwhile is not to be lost.
      return withLines(queryClient.getQueryData<Logs>(queryKey), read.lines, read.hasMore)
    },
    refetchInterval: ({ state }) => (poll || state.data?.hasMore === true ? EVERY_MS : false),
    structuralSharing: false,
  })
}

async function readLines(runId: string, step: string | undefined, after: number | undefined, signal: AbortSignal) {
  const lines: LogLine[] = []
  let last = after
  let hasMore = true
  while (hasMore && lines.length < MOST_AT_ONCE) {
    const query = { step, after: last, limit: PAGE }
    const page: Page<LogLine> = await getJson<Page<LogLine>>(`runs/${runId}/logs`, query, signal)
    lines.push(...page.items)
    last = lines.at(-1)?.id ?? last
    hasMore = page.next_cursor !== null
  }
  return { lines, hasMore }
}

/**
 * The id behind which to go on reading; undefined: from the beginning. A line may be committed after others that were written
 * after it, so the last ones are read once more.
 */
export function readFrom(logs: Logs | undefined): number | undefined {
  const last = logs?.lines.at(-1)?.id
  return last === undefined ? undefined : Math.max(0, last - OVERLAP)
}

/** Known lines with new ones put in their places: each once, by id. */
export function withLines(before: Logs | undefined, read: readonly LogLine[], hasMore?: boolean): Logs {
  const known = before?.lines ?? []
  const added = unknownOf(read, known)
  const more = hasMore ?? before?.hasMore ?? false
  if (added.length === 0 && before !== undefined && before.hasMore === more) return before
  const lastId = known.at(-1)?.id ?? -1
  const isBehind = added.every((line, at) => line.id > (at === 0 ? lastId : (added[at - 1]?.id ?? lastId)))
  const lines = isBehind ? [...known, ...added] : sorted([...known, ...added])
  const cut = Math.max(0, lines.length - MOST_LINES)
  return { lines: cut > 0 ? lines.slice(cut) : lines, hasMore: more, isCut: cut > 0 || before?.isCut === true }
}

/** Those lines that are not known; the known ones are in the order of their ids. */
function unknownOf(read: readonly LogLine[], known: readonly LogLine[]): readonly LogLine[] {
  const firstId = Math.min(...read.map(({ id }) => id))
  const ids = new Set<number>()
  for (let at = known.length - 1; at >= 0; at -= 1) {
    const { id } = known[at]!
    if (id < firstId) break
    ids.add(id)
  }
  return ids.size === 0 ? read : read.filter(({ id }) => !ids.has(id))
}

function sorted(lines: readonly LogLine[]): LogLine[] {
  return [...new Map(lines.map((line) => [line.id, line])).values()].toSorted((a, b) => a.id - b.id)
}

/** The whole log as text, read anew from the beginning: one line each. */
export async function readLogText(runId: string, stepId: string | undefined): Promise<string> {
  const texts: string[] = []
  const { signal } = new AbortController()
  let after: number | undefined
  for (;;) {
    const { lines, hasMore } = await readLines(runId, stepId, after, signal)
    texts.push(...lines.map(logLineText))
    after = lines.at(-1)?.id
    if (!hasMore) return `${texts.join('\n')}\n`
  }
}

/** A line as text: time, level, step and attempt, message, data. */
export function logLineText({ at, level, step_id: step, attempt, message, data }: LogLine): string {
  const rest = data === null ? '' : ` ${JSON.stringify(data)}`
  return `${at} ${level.toUpperCase().padEnd(5)} ${step}#${attempt} ${message}${rest}`
}
