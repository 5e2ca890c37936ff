import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { findBreaches, RULE_NAMES } from '../../chaos/checker.ts'
import { createLedger, noteRequests, openLedger } from '../../chaos/ledger.ts'
import { at, id, repeatedHistory, soundHistory, TOLD } from '../support/sound-history.ts'
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts'

const ofRun = (n: number) => `run_id = '${id(n)}'`
const step = (n: number, index: number) => `${ofRun(n)} AND step_index = ${index}`
const set = (n: number, index: number, change: string) => `UPDATE steps SET ${change} WHERE ${step(n, index)}`

/** What breaks a rule. Triggers of the ledger rest meanwhile: they would see every one of these. */
const BROKEN: [rule: string, how: string, statement: string][] = [
  ['an accepted run is there', 'its row is gone', `UPDATE chaos.requests SET ids = '{${id(7)}}' WHERE key = 'k1'`],
  [
    'a key has the runs that were asked for with it, once',
    'a second run bears it',
    `UPDATE runs SET tags = '{k1}' WHERE id = '${id(2)}'`,
  ],
  [
    'a key has the runs that were asked for with it, once',
    'answers named two',
    `UPDATE chaos.requests SET ids = '{${id(1)},${id(2)}}' WHERE key = 'k1'`,
  ],
  [
    'a key has the runs that were asked for with it, once',
    'one of a batch is missing',
    `UPDATE chaos.requests SET size = 2 WHERE key = 'k1'`,
  ],
  [
    'a key has the runs that were asked for with it, once',
    'a run was rerun twice',
    `INSERT INTO chaos.requests SELECT 'k1-again', '{}', ends, NULL, false, 1 FROM chaos.requests WHERE key = 'k1';
     UPDATE runs SET tags = '{k1}', rerun_of = '${id(1)}' WHERE id IN ('${id(3)}', '${id(6)}')`,
  ],
  [
    'a control that counted is written down',
    'it is not',
    `DELETE FROM run_controls WHERE ${ofRun(4)} AND control = 'pause'`,
  ],
  [
    'a control that counted is written down',
    'twice',
    `INSERT INTO run_controls (run_id, control, with_parent) SELECT run_id, control, with_parent FROM run_controls WHERE ${ofRun(5)}`,
  ],
  ['a run ends', 'it is running', `UPDATE runs SET status = 'running', completed_at = NULL WHERE id = '${id(1)}'`],
  ['a run ends as its steps must', 'it failed', `UPDATE chaos.requests SET ends = 'completed' WHERE key = 'k2'`],
  ['the steps explain the status of their run', 'completed, a step failed', set(1, 7, `status = 'failed'`)],
  ['the steps explain the status of their run', 'failed, no step did', set(2, 1, `status = 'skipped'`)],
  [
    'the steps explain the status of their run',
    'failed, no error',
    `UPDATE runs SET error = NULL WHERE id = '${id(2)}'`,
  ],
  [
    'a run that has ended tells how many steps did what',
    'one too few',
    `UPDATE runs SET steps_completed = 7 WHERE id = '${id(1)}'`,
  ],
  ['a step settles before its run ends', 'it runs', set(1, 7, `status = 'running', completed_at = NULL`)],
  ['a step settles before its run ends', 'it settles later', set(1, 7, `completed_at = ${at(19)}`)],
  ['a step settles before its run ends', 'it waits on', set(1, 3, `wake_at = ${at(19)}`)],
  ['a skipped step says why', 'it does not', set(2, 1, `status = 'skipped'`)],
  [
    'a step begins after its dependencies have settled',
    'its dependency was not done',
    set(1, 0, `completed_at = ${at(3.5)}`),
  ],
  [
    'a step begins after its dependencies have settled',
    'an edge with conditions',
    set(1, 3, `completed_at = ${at(12.5)}`),
  ],
  [
    'a step begins after its dependencies have settled',
    'a lost attempt did',
    `UPDATE step_attempts SET started_at = ${at(1.5)} WHERE attempt = 1 AND ${step(1, 1)}`,
  ],
  [
    'a step begins after its dependencies have settled',
    'its call was made',
    `UPDATE chaos.calls SET at = ${at(1.5)} WHERE attempt = 1`,
  ],
  [
    'an item begins after its map, a compensation after its step',
    'an item did not',
    set(1, 8, `started_at = ${at(2.5)}`),
  ],
  [
    'an item begins after its map, a compensation after its step',
    'an effect of one',
    `UPDATE chaos.effects SET at = ${at(2.5)} WHERE step_id = 'each[0]'`,
  ],
  [
    'an item begins after its map, a compensation after its step',
    'an undoing did not',
    set(2, 2, `started_at = ${at(1.5)}`),
  ],
  [
    'a step has one result',
    'it has two',
    `ALTER TABLE step_results DROP CONSTRAINT step_results_idempotency_key; INSERT INTO step_results SELECT * FROM step_results WHERE ${step(1, 1)}`,
  ],
  [
    'a step has a result where it has completed, and only there',
    'it has none',
    `DELETE FROM step_results WHERE ${step(1, 4)}`,
  ],
  [
    'a step has a result where it has completed, and only there',
    'it failed',
    `INSERT INTO step_results (run_id, step_index) VALUES ('${id(2)}', 1)`,
  ],
  [
    'a step has a result where it has completed, and only there',
    'there is no step',
    `INSERT INTO step_results (run_id, step_index) VALUES ('${id(2)}', 9)`,
  ],
  [
    'an effect happens once, by the attempt that completed',
    'twice',
    `INSERT INTO chaos.effects SELECT * FROM chaos.effects WHERE step_id = 'first'`,
  ],
  ['an effect happens once, by the attempt that completed', 'by an attempt of before', set(1, 0, 'attempt = 2')],
  [
    'an effect happens once, by the attempt that completed',
    'of a step that failed',
    `INSERT INTO chaos.effects (run_id, step_id, attempt, at) VALUES ('${id(2)}', 'fails', 1, ${at(4)})`,
  ],
  ['a completed transaction has had its effect', 'it is lost', `DELETE FROM chaos.effects WHERE step_id = 'first'`],
  [
    'a completed transaction has had its effect',
    'that of an item is lost',
    `DELETE FROM chaos.effects WHERE step_id = 'each[1]'`,
  ],
  [
    'the result of an action is what the call of its attempt was answered',
    'that of another attempt',
    `UPDATE step_results SET output = '{"receipt":"r2"}' WHERE ${step(1, 1)}`,
  ],
  [
    'the result of an action is what the call of its attempt was answered',
    'another key',
    `UPDATE chaos.calls SET idempotency_key = 'other'`,
  ],
  [
    'attempts do not overlap, but for lost ones',
    'a failed one did',
    `UPDATE step_attempts SET completed_at = ${at(8.5)} WHERE attempt = 2 AND ${step(1, 1)}`,
  ],
  [
    'attempts do not overlap, but for lost ones',
    'one counts as failed',
    `UPDATE step_attempts SET status = 'failed' WHERE attempt = 1 AND ${step(1, 1)}`,
  ],
  ['a lost attempt changes nothing', 'it completed', `UPDATE step_attempts SET attempt = 3 WHERE status = 'lost'`],
  [
    'a lost attempt changes nothing',
    'one above the newest',
    `UPDATE step_attempts SET attempt = 4 WHERE attempt = 2 AND ${step(1, 1)}`,
  ],
  [
    'what has settled stays, unless it is retried',
    'a step came back',
    `ALTER TABLE steps ENABLE TRIGGER chaos_revoked; ${set(2, 1, `status = 'pending', completed_at = NULL`)}`,
  ],
  [
    'what has settled stays, unless it is retried',
    'a step was settled again',
    `ALTER TABLE steps ENABLE TRIGGER chaos_revoked; ${set(2, 1, `completed_at = ${at(4.1)}`)}`,
  ],
  [
    'what has settled stays, unless it is retried',
    'a run came back',
    `ALTER TABLE runs ENABLE TRIGGER chaos_revoked; UPDATE runs SET status = 'completed' WHERE id = '${id(2)}'`,
  ],
  [
    'what has settled stays, unless it is retried',
    'a retry took back what had completed',
    `UPDATE chaos.revoked SET was = 'completed' WHERE step_id = 'tries'`,
  ],
  [
    'what has settled stays, unless it is retried',
    'a step came back without its run',
    `UPDATE chaos.revoked SET tx = '1' WHERE step_id = 'tries'`,
  ],
  [
    'what has settled stays, unless it is retried',
    'nobody retried the run',
    `DELETE FROM chaos.controls WHERE control = 'retry'`,
  ],
  [
    'what has settled stays, unless it is retried',
    'a repeat took back a step beside it',
    `INSERT INTO chaos.revoked (run_id, step_id, was, became, tx) SELECT run_id, 'first', was, 'pending', tx FROM chaos.revoked WHERE ${ofRun(8)} AND step_id IS NULL`,
  ],
  [
    'what has settled stays, unless it is retried',
    'a repeat took back a failed step beside it',
    `INSERT INTO chaos.revoked (run_id, step_id, was, became, tx) SELECT run_id, 'first', 'failed', 'pending', tx FROM chaos.revoked WHERE ${ofRun(8)} AND step_id IS NULL`,
  ],
  [
    'what a run is repeated from runs again, with all that depends on it',
    'one that depends on it did not',
    `DELETE FROM chaos.revoked WHERE ${ofRun(8)} AND step_id = 'last'`,
  ],
  [
    'what a run is repeated from runs again, with all that depends on it',
    'one that depends on it did not, in a paused run',
    set(9, 2, `started_at = ${at(6)}, completed_at = ${at(7)}`),
  ],
  [
    'a control counts once, and nobody else controls a run',
    'a paused run was resumed, not repeated',
    `UPDATE chaos.controls SET from_step = NULL WHERE ${ofRun(9)}`,
  ],
  [
    'an approval that a run is repeated from is asked again',
    'the answer of before counts',
    `UPDATE approvals SET created_at = ${at(3)} WHERE ${ofRun(8)}`,
  ],
  [
    'an effect happens once, by the attempt that completed',
    'twice in a repeat',
    `INSERT INTO chaos.effects SELECT * FROM chaos.effects WHERE ${ofRun(8)} AND attempt = 2`,
  ],
  [
    'a completed transaction has had its effect',
    'that of before a repeat is lost',
    `DELETE FROM chaos.effects WHERE ${ofRun(8)} AND step_id = 'last' AND attempt = 1`,
  ],
  [
    'a step begins after its dependencies have settled',
    'it was repeated before its dependency was',
    set(8, 2, `started_at = ${at(9)}`),
  ],
  ['a failed attempt is counted, no more often than it may be repeated', 'it is not', set(1, 1, 'retry_count = 0')],
  [
    'a failed attempt is counted, no more often than it may be repeated',
    'it is still after a retry',
    set(4, 0, 'retry_count = 1'),
  ],
  [
    'a failed attempt is counted, no more often than it may be repeated',
    'too many',
    `${set(4, 0, 'retry_count = 2')}; UPDATE step_attempts SET completed_at = ${at(12.2)} WHERE ${step(4, 0)}`,
  ],
  [
    'an error tells something, in text that can be read',
    'it is empty',
    `UPDATE step_attempts SET error = '{"message":""}' WHERE ${step(2, 1)}`,
  ],
  ['an error tells something, in text that can be read', 'there is none', set(2, 1, 'error = NULL')],
  [
    'an error tells something, in text that can be read',
    'half of a pair',
    `UPDATE runs SET error = '{"message":"\\ud83d"}' WHERE id = '${id(2)}'`,
  ],
  ['an error tells something, in text that can be read', 'NUL', set(2, 1, `error = '{"message":"a \\u0000"}'`)],
  [
    'an order takes each step of its way once, in order',
    'one is missing',
    `DELETE FROM order_history WHERE order_id = '${id(1)}' AND status = 'charged'`,
  ],
  [
    'an order takes each step of its way once, in order',
    'one comes twice',
    `DROP INDEX order_history_once; INSERT INTO order_history (order_id, status) VALUES ('${id(1)}', 'shipped')`,
  ],
  [
    'an order takes each step of its way once, in order',
    'time runs back',
    `UPDATE order_history SET at = ${at(9)} WHERE order_id = '${id(1)}' AND status = 'charged'`,
  ],
  [
    'an order takes each step of its way once, in order',
    'it is elsewhere',
    `UPDATE orders SET status = 'charged' WHERE id = '${id(1)}'`,
  ],
  [
    'an order takes each step of its way once, in order',
    'it has no history',
    `DELETE FROM order_history WHERE order_id = '${id(1)}'`,
  ],
  [
    'an order arrives where its run takes it',
    'it did not',
    `UPDATE chaos.requests SET order_status = 'shipped' WHERE key = 'k2'`,
  ],
  ['a step that asks goes on once it is answered', 'nobody did', `UPDATE approvals SET status = 'void'`],
  ['a step that asks goes on once it is answered', 'it was rejected', `UPDATE approvals SET status = 'rejected'`],
  [
    'a step that asks goes on once it is answered',
    'it asks again',
    `INSERT INTO approvals (id, run_id, step_index, step_id, input_hash) VALUES ('${id(2)}', '${id(1)}', 3, 'gate', 'h')`,
  ],
  ['a step that waits for an event takes one', 'it took two', `UPDATE events SET step_index = 5`],
  [
    'a step that waits for an event takes one',
    'it took another with a step beside it',
    `UPDATE events SET step_index = 4, also_taken_by = '{5}' WHERE step_index IS NULL`,
  ],
  ['a step that waits for an event takes one', 'it took none', `UPDATE events SET step_index = NULL`],
  ['an accepted event is kept', 'it is gone', `DELETE FROM events WHERE id = '${id(1)}'`],
  ['a step takes the event that it waits for', 'another name', `UPDATE events SET name = 'stop' WHERE id = '${id(1)}'`],
  [
    'a step takes the event that it waits for',
    'no match',
    `UPDATE events SET data = '{"n":2}' WHERE id = '${id(1)}'; UPDATE step_results SET output = '{"n":2}' WHERE ${step(1, 5)}`,
  ],
  [
    'a step takes the event that it waits for',
    'the data of another',
    `UPDATE step_results SET output = '{"n":2}' WHERE ${step(1, 5)}`,
  ],
  ['a wait is not cut short', 'it was', set(1, 4, `completed_at = ${at(11.9)}`)],
  [
    'a workflow step has one child run, and others that were cancelled',
    'two',
    `UPDATE runs SET parent_run_id = '${id(1)}', parent_step_index = 6 WHERE id = '${id(2)}'`,
  ],
  [
    'a workflow step has one child run, and others that were cancelled',
    'none',
    `UPDATE runs SET parent_run_id = NULL WHERE id = '${id(3)}'`,
  ],
  ['a map has all its items once', 'one is missing', `DELETE FROM steps WHERE ${step(1, 9)}`],
  ['a map has all its items once', 'one has not settled', set(1, 9, `status = 'pending', completed_at = NULL`)],
  [
    'a map has no more items under way than its concurrency',
    'one began before the other had settled',
    `UPDATE step_attempts SET started_at = ${at(3.9)} WHERE ${step(1, 9)}`,
  ],
  [
    'a map has no more items under way than its concurrency',
    'one has not settled',
    set(1, 8, `status = 'running', completed_at = NULL`),
  ],
  [
    'a map has the results of its items in their order',
    'in another',
    `UPDATE step_results SET output = '[{"place":1},{"place":0}]' WHERE ${step(1, 2)}`,
  ],
  [
    'a map has the results of its items in their order',
    'one is missing',
    `UPDATE step_results SET output = '[{"place":0}]' WHERE ${step(1, 2)}`,
  ],
  [
    'an item has the result of its place',
    'that of the other',
    `UPDATE step_results SET output = '{"place":1}' WHERE ${step(1, 8)}`,
  ],
  ['an item settles before its map', 'it does later', set(1, 9, `completed_at = ${at(6.5)}`)],
  ['an item settles before its map', 'its map timed out', set(4, 3, `completed_at = ${at(4)}`)],
  ['a map has the time that it may take', 'less', set(4, 1, `completed_at = ${at(2.5)}`)],
  [
    'a map has the time that it may take',
    'it has no limit',
    set(1, 2, `status = 'failed', error = '{"code":"timeout"}'`),
  ],
  [
    'a control counts once, and nobody else controls a run',
    'twice',
    `INSERT INTO chaos.turns SELECT * FROM chaos.turns WHERE became = 'queued'`,
  ],
  [
    'a control counts once, and nobody else controls a run',
    'it does not',
    `DELETE FROM chaos.turns WHERE became = 'queued'`,
  ],
  [
    'a control counts once, and nobody else controls a run',
    'nobody asked for it',
    `INSERT INTO chaos.turns (run_id, was, became) VALUES ('${id(2)}', 'running', 'paused')`,
  ],
  [
    'a run is cancelled by somebody, or with the step that has started it',
    'nobody did',
    `DELETE FROM chaos.controls WHERE run_id = '${id(5)}'`,
  ],
  [
    'a run is cancelled by somebody, or with the step that has started it',
    'its step went on',
    `UPDATE runs SET status = 'cancelled' WHERE id = '${id(3)}'; DELETE FROM chaos.controls WHERE run_id = '${id(1)}'`,
  ],
  [
    'a child run is cancelled with its step',
    'it completed',
    `UPDATE runs SET status = 'completed' WHERE id = '${id(6)}'`,
  ],
  [
    'nothing begins in a run that was cancelled',
    'an attempt that was cancelled',
    `UPDATE step_attempts SET started_at = ${at(5.1)} WHERE ${step(5, 2)}`,
  ],
  ['nothing begins in a run that was cancelled', 'a step that completed', set(5, 1, `started_at = ${at(5.1)}`)],
  [
    'nothing begins in a run that is paused, but for what was foreseen',
    'an attempt did',
    `UPDATE step_attempts SET started_at = ${at(6.5)} WHERE ${step(4, 0)} AND attempt = 1`,
  ],
  [
    'nothing begins in a run that is paused, but for what was foreseen',
    'a step did behind one that completed in it',
    `${set(4, 0, `completed_at = ${at(4)}`)}; ${set(4, 2, `started_at = ${at(4.5)}`)}`,
  ],
  ['what a run has done is undone once, unless it completes', 'it is not', `DELETE FROM steps WHERE ${step(5, 5)}`],
  [
    'what a run has done is undone once, unless it completes',
    'twice',
    `INSERT INTO steps (run_id, step_index, step_id, parent_index, status, completed_at) VALUES ('${id(5)}', 6, 'one.compensate', 0, 'completed', now())`,
  ],
  [
    'what a run has done is undone once, unless it completes',
    'the run completed',
    `UPDATE runs SET status = 'completed' WHERE id = '${id(5)}'`,
  ],
  ['what a run has done is undone once, unless it completes', 'undoing it failed', set(5, 5, `status = 'failed'`)],
  [
    'what is undone is undone one after the other, the last first',
    'the first first',
    set(5, 0, `completed_at = ${at(4.5)}`),
  ],
  [
    'what is undone is undone one after the other, the last first',
    'at the same time',
    set(5, 5, `started_at = ${at(6.5)}`),
  ],
]

let database: TestDatabase
let client: pg.Client

beforeAll(async () => {
  database = await createTestDatabase()
  client = new pg.Client({ connectionString: database.url })
  await client.connect()
  await createLedger(database.query)
  await database.query(
    'ALTER TABLE steps DISABLE TRIGGER chaos_revoked; ALTER TABLE steps DISABLE TRIGGER chaos_dropped; ALTER TABLE runs DISABLE TRIGGER chaos_revoked; ALTER TABLE runs DISABLE TRIGGER chaos_turned',
  )
  await database.query(`BEGIN; ${soundHistory()}; COMMIT`)
  await noteRequests(database.query, TOLD)
})

afterAll(async () => {
  await client?.end()
  await database?.close()
})

/** Rules that are broken once a statement has been executed, which is then taken back. */
async function brokenBy(statement: string): Promise<string[]> {
  await client.query('BEGIN')
  try {
    await client.query(statement)
    const found = await findBreaches(async <Found extends pg.QueryResultRow>(text: string) => {
      const { rows } = await client.query<Found>(text)
      return rows
    })
    return found.map(({ rule }) => rule)
  } finally {
    await client.query('ROLLBACK')
  }
}

test('the checker of the chaos runs finds nothing in a history in which all is well', async () => {
  expect(await findBreaches(database.query)).toEqual([])
})

test.for(BROKEN)('the checker of the chaos runs sees that %s: %s', async ([rule, , statement]) => {
  expect(await brokenBy(statement)).toContain(rule)
})

test('a cancel that was sent again may count late, once as often as it was sent without an answer', async () => {
  const cancelled = (counted: number) => `UPDATE runs SET status = 'cancelled' WHERE id = '${id(8)}';
    INSERT INTO chaos.turns (run_id, was, became, at) VALUES ('${id(8)}', 'running', 'cancelling', ${at(17)});
    INSERT INTO chaos.controls (run_id, control, tries, counted) VALUES ('${id(8)}', 'cancel', 2, ${counted})`
  expect(await brokenBy(cancelled(0))).not.toContain('a run ends as its steps must')
  expect(await brokenBy(cancelled(1))).toContain('a run ends as its steps must')
})

test('each rule of the checker is broken by something here', () => {
  expect(new Set(BROKEN.map(([rule]) => rule))).toEqual(new Set(RULE_NAMES))
})

test('a history as long as that of twenty minutes is checked before the ledger gives up on it', async () => {
  await database.query(`BEGIN; ${repeatedHistory(1_200)}; COMMIT`)
  await database.query('ANALYZE')
  const ledger = openLedger(database.url, new AbortController().signal)
  try {
    const [row] = await ledger.ask<{ runs: number }>('SELECT count(*)::int AS runs FROM runs')
    expect(row?.runs).toBeGreaterThan(9_600)
    expect(await findBreaches(ledger.ask)).toEqual([])
  } finally {
    await ledger.close()
  }
})
