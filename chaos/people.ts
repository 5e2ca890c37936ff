import { setTimeout as sleep } from 'node:timers/promises'
import { Refused, type Client } from './client.ts'

/** People who look into the inbox, and answer what stands there as the run's input says. */
export interface People {
  /** From now on they approve what a run asks that had them wait. */
  release(runId: string): void
  /** Resolves when they have gone. */
  readonly gone: Promise<void>
}

interface Approval {
  run_id: string
  step_id: string
  input: { decision: 'approve' | 'reject' | 'later' | 'never' }
}

interface Page {
  items: Approval[]
  next_cursor: string | null
}

const INBOX_EVERY_MS = 250

/** They stay until the signal fires. `refuse` hears of what a client of good faith must not be answered. */
export function letPeopleDecide(client: Client, refuse: (what: string) => void, signal: AbortSignal): People {
  const released = new Set<string>()
  return { release: (runId) => void released.add(runId), gone: work() }

  async function work(): Promise<void> {
    while (!signal.aborted) {
      try {
        await answerAll()
        await sleep(INBOX_EVERY_MS, undefined, { signal })
      } catch (error) {
        // Else the client has been told to give up.
        if (!(error instanceof Refused)) return
        refuse(error.message)
      }
    }
  }

  async function answerAll(): Promise<void> {
    for (let cursor: string | null = ''; cursor !== null;) {
      const from = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`
      const page: Page = await client.ask({ path: `/approvals?status=open&limit=200${from}` })
      await Promise.all(page.items.map(answer))
      cursor = page.next_cursor
    }
  }

  async function answer({ run_id, step_id, input: { decision } }: Approval): Promise<void> {
    if (decision === 'never' || (decision === 'later' && !released.has(run_id))) return
    const verb = decision === 'reject' ? 'reject' : 'approve'
    try {
      await unlessDone(client, `/runs/${run_id}/steps/${encodeURIComponent(step_id)}/${verb}`, { by: 'chaos' })
    } catch (error) {
      // The item that asked was dropped by a repeat, and the one in its place has not asked yet.
      const isDropped = error instanceof Refused && error.status === 404 && step_id.includes('[')
      if (!isDropped) throw error
    }
  }
}

/**
 * Asks for something that counts once; undefined after a 409: an earlier try has counted, and what was said about it got
 * lost, or somebody has ended the run meanwhile.
 */
export async function unlessDone<Body>(client: Client, path: string, body: unknown): Promise<Body | undefined> {
  try {
    return await client.ask<Body>({ method: 'POST', path, body })
  } catch (error) {
    if (error instanceof Refused && error.status === 409) return undefined
    throw error
  }
}
