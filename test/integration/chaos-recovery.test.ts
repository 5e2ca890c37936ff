import { afterAll, beforeAll, expect, test } from 'vitest'
import { createLedger, noteFaults, noteRequests, openLedger } from '../../chaos/ledger.ts'
import { measureRecovery } from '../../chaos/recovery.ts'
import { FAULT_KINDS } from '../../chaos/schedule.ts'
import { repeatedHistory, soundHistory, TOLD } from '../support/sound-history.ts'
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts'

/** How long it took until all went on behind a fault, told of a history that is known. */

const BEGIN = Date.parse('2026-01-01T00:00:00Z')

let database: TestDatabase
beforeAll(async () => {
  database = await createTestDatabase()
  await createLedger(database.query)
  await database.query(`BEGIN; SET LOCAL session_replication_role = replica; ${soundHistory()}; COMMIT`)
  await noteRequests(database.query, TOLD)
})
afterAll(() => database.close())

/** Moments of each run that nobody held, in milliseconds since 1970, the first of which is that of its creation. */
async function readMoments(): Promise<number[][]> {
  const rows = await database.query<{ moments: number[] }>(
    `SELECT array_agg(extract(epoch FROM m.at)::float8 * 1000 ORDER BY m.at) AS moments
     FROM runs r, LATERAL (
       SELECT r.created_at AS at UNION ALL SELECT r.completed_at
       UNION ALL SELECT unnest(ARRAY[s.started_at, s.completed_at]) FROM steps s WHERE s.run_id = r.id
       UNION ALL SELECT a.started_at FROM step_attempts a WHERE a.run_id = r.id
       UNION ALL SELECT a.completed_at FROM step_attempts a WHERE a.run_id = r.id AND a.status <> 'lost'
     ) m
     WHERE m.at IS NOT NULL AND NOT EXISTS (
       SELECT 1 FROM chaos.requests q JOIN runs h ON h.tags @> ARRAY[q.key] WHERE q.is_held AND h.id IN (r.id, r.parent_run_id)
     ) GROUP BY r.id`,
  )
  return rows.map(({ moments }) => moments)
}

test('a fault is over when the last of the runs that were unfinished has moved, each counted to its next moment', async () => {
  const faults = [0.5, 3.3, 5.5, 9.5, 12.2, 16.5, 900].map((seconds, place) => ({
    kind: FAULT_KINDS[place]!,
    beganAt: BEGIN + seconds * 1_000,
  }))
  await noteFaults(database.query, faults)
  const runs = await readMoments()
  const expected = faults.map(({ kind, beganAt }) => {
    const waits = runs
      .filter((moments) => moments[0]! < beganAt)
      .flatMap((moments) => moments.find((moment) => moment > beganAt) ?? [])
    const ms = Math.round(Math.max(beganAt, ...waits) - beganAt)
    return { kind, faults: 1, p50Ms: ms, maxMs: ms }
  })
  expect(expected.filter(({ maxMs }) => maxMs > 0).length).toBeGreaterThan(4)
  expect(await measureRecovery(database.query)).toEqual(expected)
})

test('a history as long as that of twenty minutes, with hundreds of faults, is measured before the ledger gives up on it', async () => {
  await database.query(`BEGIN; ${repeatedHistory(1_200)}; TRUNCATE chaos.faults; COMMIT`)
  await database.query('ANALYZE')
  const kinds = Array.from({ length: 400 }, (_, place) => FAULT_KINDS[place % FAULT_KINDS.length]!)
  await noteFaults(
    database.query,
    kinds.map((kind, place) => ({ kind, beganAt: BEGIN + place * 50 })),
  )
  const ledger = openLedger(database.url, new AbortController().signal)
  try {
    const recoveries = await measureRecovery(ledger.ask)
    expect(recoveries.reduce((sum, { faults }) => sum + faults, 0)).toBe(400)
  } finally {
    await ledger.close()
  }
})
