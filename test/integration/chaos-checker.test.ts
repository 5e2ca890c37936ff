import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { findBreaches, RULE_NAMES } from '../../chaos/checker.ts'
import { createLedger, noteRequests } from '../../chaos/ledger.ts'
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts'

/**
 * A history in which all is well, written by hand, and every way in which the checker must see it broken. Run 1 has done
 * everything and has a child, run 3; run 2 has failed, and taken back what it charged. Seconds count from a common begin.
 */
const id = (n: number) => `00000000-0000-7000-8000-00000000000${n}`
const at = (seconds: number) => `timestamptz '2026-01-01 00:00:00Z' + ${seconds} * interval '1 second'`
const task = (step: string, action: string, after: unknown[] = []) => ({
  id: step,
  depends_on: after,
  config: { action },
})

const DEFINITIONS = {
  1: [
    task('first', 'chaos_effect'),
    task('call', 'chaos_call', ['first']),
    { id: 'each', type: 'map', depends_on: ['first'], config: { items: [1, 2], step: task('x', 'chaos_effect') } },
    { id: 'gate', type: 'approval', depends_on: ['call'], config: {} },
    { id: 'nap', type: 'wait', depends_on: ['call'], config: { seconds: 2 } },
    { id: 'go', type: 'wait_event', depends_on: ['call'], config: { event: 'go' } },
    { id: 'kid', type: 'workflow', depends_on: ['each', { step: 'gate' }], config: { workflow: 'two' } },
    task('ship', 'ship_order', ['nap', 'go', 'kid']),
  ],
  2: [
    { ...task('charge', 'charge_payment'), compensate: { action: 'refund_payment' } },
    task('fails', 'x', ['charge']),
  ],
}

type Row = [
  run: number,
  index: number,
  id: string,
  status: string,
  from: number,
  to: number,
  attempt?: number,
  parent?: number,
  item?: number,
]
const STEPS: Row[] = [
  [1, 0, 'first', 'completed', 1, 2],
  [1, 1, 'call', 'completed', 8, 9, 3],
  [1, 2, 'each', 'completed', 3, 6],
  [1, 3, 'gate', 'completed', 10, 11],
  [1, 4, 'nap', 'completed', 10, 12],
  [1, 5, 'go', 'completed', 10, 11],
  [1, 6, 'kid', 'completed', 12, 15],
  [1, 7, 'ship', 'completed', 16, 17],
  [1, 8, 'each[0]', 'completed', 4, 5, 1, 2, 0],
  [1, 9, 'each[1]', 'completed', 4, 5, 1, 2, 1],
  [2, 0, 'charge', 'completed', 1, 2],
  [2, 1, 'fails', 'failed', 3, 4],
  [2, 2, 'charge.compensate', 'completed', 5, 6, 1, 0],
  [3, 0, 'charge', 'completed', 13, 13.5],
  [3, 1, 'fails', 'completed', 13.6, 14],
]

function history(): string {
  const json = (value: unknown) => `'${JSON.stringify(value)}'`
  const run = (n: number, version: number, status: string, counts: string, columns: string, values: string) =>
    `INSERT INTO runs (id, workflow_id, version_id, status, steps_total, steps_completed, steps_failed, steps_skipped, created_at, started_at, completed_at, ${columns})
     VALUES ('${id(n)}', '${id(version)}', '${id(version)}', '${status}', ${counts}, ${at(0)}, ${at(1)}, ${at(18)}, ${values})`
  return [
    ...[1, 2].flatMap((n) => [
      `INSERT INTO workflows (id, name, latest_version) VALUES ('${id(n)}', 'w${n}', 1)`,
      `INSERT INTO workflow_versions (id, workflow_id, version, hash, definition, step_count) VALUES ('${id(n)}', '${id(n)}', 1, 'h', ${json({ steps: DEFINITIONS[n as 1 | 2] })}, 2)`,
      `INSERT INTO orders (id, amount, status) VALUES ('${id(n)}', 1, '${n === 1 ? 'shipped' : 'refunded'}')`,
      ...['pending', 'validated', 'charged', n === 1 ? 'shipped' : 'refunded'].map(
        (status, place) =>
          `INSERT INTO order_history (order_id, status, at) VALUES ('${id(n)}', '${status}', ${at(place)})`,
      ),
    ]),
    run(1, 1, 'completed', '8, 8, 0, 0', 'tags, order_id', `'{k1}', '${id(1)}'`),
    run(2, 2, 'failed', '2, 1, 1, 0', 'tags, order_id, error', `'{k2}', '${id(2)}', '{"message":"m"}'`),
    run(3, 2, 'completed', '2, 2, 0, 0', 'parent_run_id, parent_step_index', `'${id(1)}', 6`),
    ...STEPS.map(([n, index, step, status, from, to, attempt = 1, parent, item]) => {
      const result =
        status === 'completed'
          ? `; INSERT INTO step_results (run_id, step_index, output) VALUES ('${id(n)}', ${index}, '{"receipt":"r${attempt}"}')`
          : ''
      return `INSERT INTO steps (run_id, step_index, step_id, status, attempt, started_at, completed_at, parent_index, item_index)
        VALUES ('${id(n)}', ${index}, '${step}', '${status}', ${attempt}, ${at(from)}, ${at(to)}, ${parent ?? 'NULL'}, ${item ?? 'NULL'})${result}`
    }),
    // The call was lost with its worker, failed, and went well; the lost one lasted into the one after it.
    `INSERT INTO step_attempts (run_id, step_index, attempt, status, started_at, completed_at) VALUES
      ('${id(1)}', 1, 1, 'lost', ${at(3)}, ${at(6)}), ('${id(1)}', 1, 2, 'failed', ${at(5)}, ${at(7)}), ('${id(2)}', 1, 1, 'failed', ${at(3)}, ${at(4)})`,
    ...[1, 2, 3].map(
      (n) =>
        `INSERT INTO chaos.calls (receipt, idempotency_key, run_id, step_id, attempt, at) VALUES ('r${n}', '${id(1)}.call', '${id(1)}', 'call', ${n}, ${at(2 + 2 * n)})`,
    ),
    ...['first', 'each[0]', 'each[1]'].map(
      (step) =>
        `INSERT INTO chaos.effects (run_id, step_id, attempt, at) VALUES ('${id(1)}', '${step}', 1, ${at(4.5)})`,
    ),
    `INSERT INTO approvals (id, run_id, step_index, step_id, status, input_hash) VALUES ('${id(1)}', '${id(1)}', 3, 'gate', 'approved', 'h')`,
    `INSERT INTO events (id, run_id, name, step_index) VALUES ('${id(1)}', '${id(1)}', 'go', 5), ('${id(2)}', '${id(1)}', 'go', NULL)`,
  ].join(';\n')
}

const ofRun = (n: number) => `run_id = '${id(n)}'`
const step = (n: number, index: number) => `${ofRun(n)} AND step_index = ${index}`
const set = (n: number, index: number, change: string) => `UPDATE steps SET ${change} WHERE ${step(n, index)}`

/** What breaks a rule. Triggers of the ledger rest meanwhile: they would see every one of these. */
const BROKEN: [rule: string, how: string, statement: string][] = [
  ['an accepted run is there', 'its row is gone', `UPDATE chaos.requests SET ids = '{${id(7)}}' WHERE key = 'k1'`],
  ['a key has one run', 'a second run bears it', `UPDATE runs SET tags = '{k1}' WHERE id = '${id(2)}'`],
  ['a key has one run', 'answers named two', `UPDATE chaos.requests SET ids = '{${id(1)},${id(2)}}' WHERE key = 'k1'`],
  ['a run ends', 'it is running', `UPDATE runs SET status = 'running', completed_at = NULL WHERE id = '${id(1)}'`],
  ['a run ends as its steps must', 'it failed', `UPDATE chaos.requests SET ends = 'completed' WHERE key = 'k2'`],
  ['the steps explain the status of their run', 'completed, a step failed', set(1, 7, `status = 'failed'`)],
  ['the steps explain the status of their run', 'failed, no step did', set(2, 1, `status = 'skipped'`)],
  [
    'the steps explain the status of their run',
    'nobody cancelled',
    `UPDATE runs SET status = 'cancelled' WHERE id = '${id(3)}'`,
  ],
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
    'what has settled stays',
    'a step came back',
    `ALTER TABLE steps ENABLE TRIGGER chaos_revoked; ${set(2, 1, `status = 'pending', completed_at = NULL`)}`,
  ],
  [
    'what has settled stays',
    'a step was settled again',
    `ALTER TABLE steps ENABLE TRIGGER chaos_revoked; ${set(2, 1, `completed_at = ${at(4.1)}`)}`,
  ],
  [
    'what has settled stays',
    'a run came back',
    `ALTER TABLE runs ENABLE TRIGGER chaos_revoked; UPDATE runs SET status = 'completed' WHERE id = '${id(2)}'`,
  ],
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
  ['a wait is not cut short', 'it was', set(1, 4, `completed_at = ${at(11.9)}`)],
  [
    'a workflow step has one child run',
    'two',
    `UPDATE runs SET parent_run_id = '${id(1)}', parent_step_index = 6 WHERE id = '${id(2)}'`,
  ],
  ['a workflow step has one child run', 'none', `UPDATE runs SET parent_run_id = NULL WHERE id = '${id(3)}'`],
  ['a map has all its items once', 'one is missing', `DELETE FROM steps WHERE ${step(1, 9)}`],
  ['a map has all its items once', 'one has not settled', set(1, 9, `status = 'pending', completed_at = NULL`)],
]

let database: TestDatabase
let client: pg.Client

beforeAll(async () => {
  database = await createTestDatabase()
  client = new pg.Client({ connectionString: database.url })
  await client.connect()
  await createLedger(database.query)
  await database.query(history())
  await noteRequests(database.query, [
    { key: 'k1', ids: [id(1)], ends: 'completed', order: 'shipped' },
    { key: 'k2', ids: [id(2), id(2)], ends: 'failed', order: 'refunded' },
    { key: 'k3', ids: [], ends: 'completed', order: null },
  ])
  await database.query(
    'ALTER TABLE steps DISABLE TRIGGER chaos_revoked; ALTER TABLE runs DISABLE TRIGGER chaos_revoked',
  )
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

test('each rule of the checker is broken by something here', () => {
  expect(new Set(BROKEN.map(([rule]) => rule))).toEqual(new Set(RULE_NAMES))
})
