/**
 * A history in which all is well, written by hand, for the checker of the chaos runs. Run 1 has done everything and has a
 * child, run 3; run 2 has failed, and taken back what it charged. Operators have paused and resumed run 4, and retried it
 * when it had failed; run 5 they have cancelled, which then took back what it had done, and with it its child, run 6. Seconds
 * count from a common begin. Run 8 was repeated from its approval when it had completed, run 9 while it was paused.
 */
export const id = (n: number) => `00000000-0000-7000-8000-00000000000${n}`
export const at = (seconds: number) => `timestamptz '2026-01-01 00:00:00Z' + ${seconds} * interval '1 second'`
const task = (step: string, action: string, after: unknown[] = []) => ({
  id: step,
  depends_on: after,
  config: { action },
})
const compensate = { action: 'refund_payment' }

const DEFINITIONS = [
  [
    task('first', 'chaos_effect'),
    task('call', 'chaos_call', ['first']),
    {
      id: 'each',
      type: 'map',
      depends_on: ['first'],
      config: { items: [1, 2], concurrency: 1, step: { ...task('x', 'chaos_effect'), input: { place: '$index' } } },
    },
    { id: 'gate', type: 'approval', depends_on: ['call'], config: {} },
    { id: 'nap', type: 'wait', depends_on: ['call'], config: { seconds: 2 } },
    { id: 'go', type: 'wait_event', depends_on: ['call'], config: { event: 'go', match: 'event.data.n == 1' } },
    { id: 'kid', type: 'workflow', depends_on: ['each', { step: 'gate' }], config: { workflow: 'two' } },
    task('ship', 'ship_order', ['nap', 'go', 'kid']),
  ],
  [{ ...task('charge', 'charge_payment'), compensate }, task('fails', 'x', ['charge'])],
  [
    { id: 'tries', config: { action: 'x', max_retries: 1 } },
    { id: 'late', type: 'map', timeout_seconds: 2, on_error: 'continue', config: { items: [1], step: task('x', 'x') } },
    task('last', 'x', ['tries']),
  ],
  [
    { ...task('one', 'x'), compensate },
    { ...task('two', 'x', ['one']), compensate },
    { id: 'kid', type: 'workflow', config: { workflow: 'two' } },
    task('rest', 'x', ['two', 'kid']),
  ],
  [
    task('first', 'chaos_effect'),
    { id: 'gate', type: 'approval', depends_on: ['first'], config: {} },
    task('last', 'chaos_effect', ['gate']),
  ],
]

type Row = [
  run: number,
  index: number,
  id: string,
  status: string,
  from: number | null,
  to: number,
  attempt?: number,
  parent?: number | null,
  item?: number | null,
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
  [1, 8, 'each[0]', 'completed', 3.2, 4, 1, 2, 0],
  [1, 9, 'each[1]', 'completed', 4.3, 5, 2, 2, 1],
  [2, 0, 'charge', 'completed', 1, 2],
  [2, 1, 'fails', 'failed', 3, 4],
  [2, 2, 'charge.compensate', 'completed', 5, 6, 1, 0],
  [3, 0, 'charge', 'completed', 13, 13.5],
  [3, 1, 'fails', 'completed', 13.6, 14],
  [4, 0, 'tries', 'completed', 12.5, 13, 3],
  [4, 1, 'late', 'failed', 1, 3.5],
  [4, 2, 'last', 'completed', 14, 15],
  [4, 3, 'late[0]', 'cancelled', 1.5, 3.4, 1, 1, 0],
  [5, 0, 'one', 'completed', 1, 2],
  [5, 1, 'two', 'completed', 3, 4],
  [5, 2, 'kid', 'cancelled', 3, 5],
  [5, 3, 'rest', 'cancelled', null, 5, 0],
  [5, 4, 'two.compensate', 'completed', 6, 7, 1, 1],
  [5, 5, 'one.compensate', 'completed', 8, 9, 1, 0],
  [6, 0, 'charge', 'cancelled', 4, 5],
  [6, 1, 'fails', 'cancelled', null, 5, 0],
  [8, 0, 'first', 'completed', 1, 2],
  [8, 1, 'gate', 'completed', 10, 11, 2],
  [8, 2, 'last', 'completed', 12, 13, 2],
  [9, 0, 'first', 'completed', 1, 2],
  [9, 1, 'gate', 'completed', 10, 11, 2],
  [9, 2, 'last', 'completed', 12, 13],
]

const OUTPUTS: Record<string, unknown> = {
  '1.2': [{ place: 0 }, { place: 1 }],
  '1.5': { n: 1 },
  '1.8': { place: 0 },
  '1.9': { place: 1 },
}

const json = (value: unknown) => `'${JSON.stringify(value)}'`
const FAILURE = json({ code: 'c', message: 'm' })

function workflow(definition: unknown, place: number): string[] {
  const n = id(place + 1)
  return [
    `INSERT INTO workflows (id, name, latest_version) VALUES ('${n}', 'w${place}', 1)`,
    `INSERT INTO workflow_versions (id, workflow_id, version, hash, definition, step_count) VALUES ('${n}', '${n}', 1, 'h', ${json({ steps: definition })}, 2)`,
  ]
}

function order(n: number, end: string): string[] {
  return [
    `INSERT INTO orders (id, amount, status) VALUES ('${id(n)}', 1, '${end}')`,
    ...['pending', 'validated', 'charged', end].map(
      (status, place) =>
        `INSERT INTO order_history (order_id, status, at) VALUES ('${id(n)}', '${status}', ${at(place)})`,
    ),
  ]
}

interface Run {
  workflow: number
  status: string
  counts: string
  more: Record<string, string>
}

function run(n: number, { workflow, status, counts, more }: Run): string {
  const columns = Object.keys(more).map((column) => `, ${column}`)
  const values = Object.values(more).map((value) => `, ${value}`)
  return `INSERT INTO runs (id, workflow_id, version_id, status, steps_total, steps_completed, steps_failed, steps_skipped, created_at, started_at, completed_at${columns.join('')})
     VALUES ('${id(n)}', '${id(workflow)}', '${id(workflow)}', '${status}', ${counts}, ${at(0)}, ${at(1)}, ${at(18)}${values.join('')})`
}

function step([n, index, step, status, from, to, attempt = 1, parent, item]: Row): string {
  const began = from === null ? 'NULL' : at(from)
  const error = status !== 'failed' ? 'NULL' : step === 'late' ? json({ code: 'timeout', message: 'm' }) : FAILURE
  const result =
    status === 'completed'
      ? `; INSERT INTO step_results (run_id, step_index, output) VALUES ('${id(n)}', ${index}, ${json(OUTPUTS[`${n}.${index}`] ?? { receipt: `r${attempt}` })})`
      : ''
  return `INSERT INTO steps (run_id, step_index, step_id, status, attempt, started_at, completed_at, parent_index, item_index, error)
        VALUES ('${id(n)}', ${index}, '${step}', '${status}', ${attempt}, ${began}, ${at(to)}, ${parent ?? 'NULL'}, ${item ?? 'NULL'}, ${error})${result}`
}

/** An attempt beside the newest of its step, or one that did not complete. */
function attempt(n: number, index: number, [number, status, from, to]: [number, string, number, number]): string {
  return `INSERT INTO step_attempts (run_id, step_index, attempt, status, started_at, completed_at, error)
      VALUES ('${id(n)}', ${index}, ${number}, '${status}', ${at(from)}, ${at(to)}, ${FAILURE})`
}

function turn(n: number, was: string, [became, when]: [string, number]): string {
  return `INSERT INTO chaos.turns (run_id, was, became, at) VALUES ('${id(n)}', '${was}', '${became}', ${at(when)})`
}

function ledger(): string[] {
  return [
    ...[1, 2, 3].map(
      (n) =>
        `INSERT INTO chaos.calls (receipt, idempotency_key, run_id, step_id, attempt, at) VALUES ('r${n}', '${id(1)}.call', '${id(1)}', 'call', ${n}, ${at(2 + 2 * n)})`,
    ),
    ...(
      [
        [1, 'first', 1, 1.5],
        [1, 'each[0]', 1, 3.5],
        [1, 'each[1]', 2, 4.5],
        [8, 'first', 1, 1.5],
        [8, 'last', 1, 5.5],
        [8, 'last', 2, 12.5],
        [9, 'first', 1, 1.5],
        [9, 'last', 1, 12.5],
      ] as const
    ).map(
      ([n, step, number, when]) =>
        `INSERT INTO chaos.effects (run_id, step_id, attempt, at) VALUES ('${id(n)}', '${step}', ${number}, ${at(when)})`,
    ),
    turn(4, 'running', ['paused', 2]),
    turn(4, 'paused', ['running', 9]),
    turn(4, 'failed', ['queued', 12]),
    turn(5, 'running', ['cancelling', 5]),
    turn(6, 'running', ['cancelling', 5]),
    turn(8, 'completed', ['queued', 8]),
    turn(9, 'waiting', ['paused', 5]),
    turn(9, 'paused', ['queued', 8]),
    `INSERT INTO chaos.revoked (run_id, step_id, was, became) VALUES ('${id(4)}', NULL, 'failed', 'queued'), ('${id(4)}', 'tries', 'failed', 'pending'), ('${id(4)}', 'last', 'skipped', 'pending')`,
    `INSERT INTO chaos.revoked (run_id, step_id, was, became, attempt, completed_at, at) VALUES ('${id(8)}', NULL, 'completed', 'queued', NULL, NULL, ${at(8)}),
       ('${id(8)}', 'gate', 'completed', 'pending', 1, ${at(4)}, ${at(8)}), ('${id(8)}', 'last', 'completed', 'pending', 1, ${at(6)}, ${at(8)})`,
  ]
}

/** The statements that write it down; what the load was told is in {@link TOLD}. */
export function soundHistory(): string {
  return [
    ...DEFINITIONS.flatMap(workflow),
    ...order(1, 'shipped'),
    ...order(2, 'refunded'),
    run(1, {
      workflow: 1,
      status: 'completed',
      counts: '8, 8, 0, 0',
      more: { tags: `'{k1}'`, order_id: `'${id(1)}'` },
    }),
    run(2, {
      workflow: 2,
      status: 'failed',
      counts: '2, 1, 1, 0',
      more: { tags: `'{k2}'`, order_id: `'${id(2)}'`, error: FAILURE },
    }),
    run(3, {
      workflow: 2,
      status: 'completed',
      counts: '2, 2, 0, 0',
      more: { parent_run_id: `'${id(1)}'`, parent_step_index: '6' },
    }),
    run(4, { workflow: 3, status: 'completed', counts: '3, 2, 1, 0', more: { tags: `'{k4}'` } }),
    run(5, { workflow: 4, status: 'cancelled', counts: '4, 2, 0, 0', more: { tags: `'{k5}'` } }),
    run(6, {
      workflow: 2,
      status: 'cancelled',
      counts: '2, 0, 0, 0',
      more: { parent_run_id: `'${id(5)}'`, parent_step_index: '2' },
    }),
    ...[8, 9].map((n) =>
      run(n, { workflow: 5, status: 'completed', counts: '3, 3, 0, 0', more: { tags: `'{k${n}}'` } }),
    ),
    ...STEPS.map(step),
    // The call was lost with its worker, failed, and went well; the lost one lasted into the one after it.
    attempt(1, 1, [1, 'lost', 3, 6]),
    attempt(1, 1, [2, 'failed', 5, 7]),
    `UPDATE steps SET retry_count = 1 WHERE run_id = '${id(1)}' AND step_index = 1`,
    attempt(1, 9, [1, 'lost', 4, 4.6]),
    attempt(2, 1, [1, 'failed', 3, 4]),
    attempt(4, 0, [1, 'failed', 9.5, 10]),
    attempt(4, 0, [2, 'failed', 10.5, 11]),
    attempt(4, 1, [1, 'failed', 1, 3.5]),
    attempt(4, 3, [1, 'cancelled', 1.5, 3.4]),
    attempt(5, 2, [1, 'cancelled', 3, 5]),
    attempt(6, 0, [1, 'cancelled', 4, 5]),
    attempt(8, 1, [1, 'completed', 3, 4]),
    attempt(8, 2, [1, 'completed', 5, 6]),
    attempt(9, 1, [1, 'cancelled', 3, 8]),
    ...(
      [
        [4, 'pause'],
        [4, 'resume'],
        [4, 'retry'],
        [5, 'cancel'],
        [8, 'retry'],
        [9, 'pause'],
        [9, 'retry'],
      ] as const
    ).map(
      ([n, control]) =>
        `INSERT INTO run_controls (run_id, control, with_parent) VALUES ('${id(n)}', '${control}', false)`,
    ),
    ...ledger(),
    `INSERT INTO approvals (id, run_id, step_index, step_id, status, input_hash) VALUES ('${id(1)}', '${id(1)}', 3, 'gate', 'approved', 'h')`,
    ...(
      [
        [6, 8, 'void', 3],
        [7, 8, 'approved', 10],
        [8, 9, 'void', 3],
        [9, 9, 'approved', 10],
      ] as const
    ).map(
      ([one, n, status, when]) =>
        `INSERT INTO approvals (id, run_id, step_index, step_id, status, input_hash, created_at) VALUES ('${id(one)}', '${id(n)}', 1, 'gate', '${status}', 'h', ${at(when)})`,
    ),
    `INSERT INTO events (id, run_id, name, step_index, data) VALUES ('${id(1)}', '${id(1)}', 'go', 5, '{"n":1}'), ('${id(2)}', '${id(1)}', 'go', NULL, '{"n":2}')`,
  ].join(';\n')
}

/** What the load asked for and was told. */
export const TOLD = {
  runs: [
    { key: 'k1', ids: [id(1)], ends: 'completed', order: 'shipped', isHeld: false, size: 1 },
    { key: 'k2', ids: [id(2), id(2)], ends: 'failed', order: 'refunded', isHeld: false, size: 1 },
    { key: 'k3', ids: [], ends: 'completed', order: null, isHeld: false, size: 1 },
    { key: 'k4', ids: [id(4)], ends: 'completed', order: null, isHeld: true, size: 1 },
    { key: 'k8', ids: [id(8)], ends: 'completed', order: null, isHeld: true, size: 1 },
    { key: 'k9', ids: [id(9)], ends: 'completed', order: null, isHeld: true, size: 1 },
    { key: 'k5', ids: [id(5)], ends: 'cancelled', order: null, isHeld: true, size: 1 },
  ],
  controls: [
    { runId: id(4), control: 'pause', from: null, tries: 2, counted: 1 },
    { runId: id(4), control: 'resume', from: null, tries: 1, counted: 1 },
    { runId: id(4), control: 'retry', from: null, tries: 1, counted: 1 },
    { runId: id(5), control: 'cancel', from: null, tries: 1, counted: 1 },
    { runId: id(8), control: 'retry', from: 'gate', tries: 1, counted: 1 },
    { runId: id(9), control: 'pause', from: null, tries: 1, counted: 1 },
    { runId: id(9), control: 'retry', from: 'gate', tries: 1, counted: 1 },
    { runId: id(1), control: 'cancel', from: null, tries: 1, counted: 0 },
  ],
  events: [{ id: id(1), runId: id(1) }],
}

/** What a history of many runs is in, besides names of workflows. */
const TABLES = [
  'workflow_versions',
  'orders',
  'order_history',
  'runs',
  'steps',
  'step_results',
  'step_attempts',
  'run_controls',
  'approvals',
  'events',
  'chaos.effects',
  'chaos.calls',
  'chaos.requests',
  'chaos.controls',
  'chaos.turns',
  'chaos.revoked',
  'chaos.sent_events',
]
const NUMBERED = ['order_history', 'run_controls']

/** The statements that write all that is there down again so many times, for other runs. */
export function repeatedHistory(times: number): string {
  const other = `replace(to_jsonb(t)::text, '${id(0).slice(0, 8)}-', lpad(to_hex(n), 8, '0') || '-')`
  const copies = TABLES.map((table) => {
    const numbered = NUMBERED.includes(table) ? ` || jsonb_build_object('id', 1000 * n + t.id)` : ''
    return `INSERT INTO ${table} SELECT c.* FROM ${table} t CROSS JOIN generate_series(1, ${times}) n
      CROSS JOIN LATERAL jsonb_populate_record(NULL::${table}, regexp_replace(${other}, '"k(\\d)', '"k' || n || '-\\1', 'g')::jsonb${numbered}) c`
  })
  return ['SET LOCAL session_replication_role = replica', ...copies].join(';\n')
}
