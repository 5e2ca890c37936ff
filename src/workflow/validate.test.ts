import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { STEP_TYPES } from './definition.ts'
import { LIMITS } from './limits.ts'
import { validateDefinition } from './validate.ts'
import type { ActionCatalog } from './validate-steps.ts'

const CATALOG: ActionCatalog = {
  actions: new Map([
    ['charge_payment', {}],
    ['refund_payment', {}],
    [
      'greet',
      {
        inputSchema: {
          type: 'object',
          properties: { name: { type: 'string' } },
          required: ['name'],
          additionalProperties: false,
        },
      },
    ],
  ]),
}

type Raw = Record<string, unknown>

function workflow(steps: Raw[], more: Raw = {}): Raw {
  return { name: 'w', steps, ...more }
}

function step(id: string, dependsOn: unknown[] = [], more: Raw = {}): Raw {
  return { id, depends_on: dependsOn, ...more }
}

function condition(id: string, expression = 'input.a > 1', dependsOn: unknown[] = []): Raw {
  return { id, type: 'condition', config: { expression }, depends_on: dependsOn }
}

function withKey(key: string): Raw {
  return workflow([step('a')], { concurrency: { limit: 1, key } })
}

function withSchema(schema: unknown): Raw {
  return workflow([step('a')], { input_schema: schema })
}

/** The problems as lines of code, path and message. */
function problemsOf(raw: unknown, catalog: ActionCatalog | null = CATALOG): string[] {
  const result = validateDefinition(raw, catalog)
  return result.errors.map(({ code, path, message }) => `${code} ${path} ${message}`)
}

/** Expects exactly one problem, which begins with code and path and contains each text. */
function expectOne(raw: unknown, start: string, ...texts: string[]): void {
  const problems = problemsOf(raw)
  expect(problems).toHaveLength(1)
  expect(problems[0]).toMatch(new RegExp(`^${start.replaceAll('/', '\\/')} `))
  for (const text of texts) expect(problems[0]).toContain(text)
}

describe('a valid definition', () => {
  it('comes back with defaults and a plan', () => {
    const result = validateDefinition(workflow([step('a'), step('b', ['a'])]), null)
    expect(result).toMatchObject({
      valid: true,
      errors: [],
      definition: { on_failure: 'stop', steps: [{ type: 'task', join: 'all', priority: 5 }, { id: 'b' }] },
      plan: { levels: [[0], [1]] },
    })
  })

  it('may be any of the nine published DAGs', () => {
    const folder = new URL('../../test/data/dags/', import.meta.url)
    const names = readdirSync(folder)
    expect(names).toHaveLength(9)
    for (const name of names) {
      const definition: unknown = JSON.parse(readFileSync(new URL(name, folder), 'utf8'))
      expect([name, validateDefinition(definition, CATALOG).errors]).toEqual([name, []])
    }
  })

  it('may use every type of step', () => {
    const config: Record<string, Raw> = {
      task: { action: 'charge_payment', max_retries: 3, duration_seconds: 0.5, fail_probability: 0.1, currency: 'EUR' },
      condition: { expression: 'input.a > 1' },
      approval: { timeout_seconds: 60, on_timeout: 'approve', approvers: ['ann', 'bob'], quorum: 2, message: '$first' },
      wait: { until: '$first.at' },
      wait_event: { event: 'paid', match: 'event.data.amount == input.amount' },
      map: { items: '$input.items', step: { type: 'greet', input: { name: '$item.name' } }, concurrency: 5 },
      workflow: { workflow: 'child', version: 2 },
      http: {
        method: 'POST',
        url: 'https://example.com/${{ input.id }}',
        headers: { a: '$context.t' },
        body: '$first',
      },
      transform: { output: { a: '$first', b: '${{ steps.first.output.x + 1 }}' } },
      shell: { command: ['echo', '$input.text'] },
      llm: { model: 'm', prompt: 'Summarise ${{ input.text }}' },
      agent: { prompt: 'Help', tools: ['greet'], max_turns: 5 },
    }
    const alias: Record<string, string> = { human_gate: 'approval', tool_call: 'http', agent_call: 'agent' }
    const steps = STEP_TYPES.map((type) => ({
      ...step(`s_${type}`, ['first']),
      type,
      config: config[alias[type] ?? type] ?? {},
    }))
    expect(problemsOf(workflow([step('first'), ...steps]))).toEqual([])
  })

  it('may name an action as the type of a step', () => {
    expect(problemsOf(workflow([step('a', [], { type: 'charge_payment', config: { max_retries: 2 } })]))).toEqual([])
  })

  it('does not have its actions checked without a catalog', () => {
    const raw = workflow([step('a', [], { config: { action: 'whatever' } }), step('b', [], { type: 'anything' })])
    expect(problemsOf(raw, null)).toEqual([])
  })

  it('may bring branches together again', () => {
    for (const join of ['any', 'none_failed', 'always']) {
      const raw = workflow([
        condition('c'),
        step('yes', [{ step: 'c', branch: 'true' }]),
        step('no', [{ step: 'c', branch: 'false' }]),
        step('end', ['yes', 'no'], { join }),
        step('after', ['end']),
      ])
      expect(problemsOf(raw)).toEqual([])
    }
  })
})

describe('cycle', () => {
  it('is written out in the order of execution', () => {
    const raw = workflow([step('a', ['c']), step('b', ['a']), step('c', ['b'])])
    expectOne(raw, 'cycle /steps/0/depends_on/0', 'a → b → c → a')
  })

  it('is told once for each circle', () => {
    const raw = workflow([
      step('a', ['b']),
      step('b', ['a', 'c']),
      step('c', ['b']),
      step('d', ['e']),
      step('e', ['d']),
      step('f', ['e']),
    ])
    const problems = problemsOf(raw)
    const circles = problems.map((line) => line.split(': ')[1])
    expect(new Set(circles)).toEqual(new Set(['a → b → a', 'b → c → b', 'd → e → d']))
    expect(circles).toHaveLength(3)
  })

  it('begins with the step that comes first in the file', () => {
    const problems = problemsOf(workflow([step('a', ['c']), step('b', ['c']), step('c', ['a', 'b'])]))
    expect(problems.map((line) => line.split(': ')[1])).toEqual(['a → c → a', 'b → c → b'])
  })

  it('of ten thousand steps is written out in part', () => {
    const steps = Array.from({ length: 10_000 }, (_, i) => step(`s${i}`, [`s${(i + 9_999) % 10_000}`]))
    expectOne(workflow(steps), 'cycle /steps/0/depends_on/0', 's0 → s1 → s2', '… → s9999 → s0')
  })
})

describe('dependencies', () => {
  it('unknown_dependency names the nearest id', () => {
    expectOne(
      workflow([step('charge'), step('b', ['chrage'])]),
      'unknown_dependency /steps/1/depends_on/0',
      'mean "charge"',
    )
    expectOne(
      workflow([step('a'), step('b', ['payment'])]),
      'unknown_dependency /steps/1/depends_on/0',
      'nearest id is "a"',
    )
    const edge = { step: 'chrage', when: 'input.x == 1' }
    expectOne(workflow([step('charge'), step('b', ['charge', edge])]), 'unknown_dependency /steps/1/depends_on/1')
  })

  it('duplicate_step stands at the second', () => {
    expectOne(workflow([step('a'), step('a')]), 'duplicate_step /steps/1/id', '"a" is already the id of step 0')
  })

  it('self_dependency is no cycle', () => {
    expectOne(workflow([step('a', ['a'])]), 'self_dependency /steps/0/depends_on/0')
  })

  it('only steps that choose a branch have branches', () => {
    const raw = workflow([step('a'), step('b', [{ step: 'a', branch: 'true' }])])
    expectOne(raw, 'invalid_definition /steps/1/depends_on/0/branch', '"a" is no condition')
  })
})

describe('unreachable_step', () => {
  it.each<[string, Raw[], string, string]>([
    [
      'two branches of one condition under all',
      [
        condition('c'),
        step('x', [
          { step: 'c', branch: 'true' },
          { step: 'c', branch: 'false' },
        ]),
      ],
      '/steps/1/depends_on/1',
      'branch "true" and branch "false" of "c" at once',
    ],
    [
      'contradictory branches through ancestors',
      [
        condition('c'),
        step('yes', [{ step: 'c', branch: 'true' }]),
        step('no', [{ step: 'c', branch: 'false' }]),
        step('later', ['no']),
        step('x', ['yes', 'later']),
      ],
      '/steps/4/depends_on/1',
      'of "c" at once',
    ],
    [
      'contradiction with what all alternatives have in common',
      [
        condition('c'),
        step('p', [{ step: 'c', branch: 'true' }]),
        step('q', [{ step: 'c', branch: 'true' }]),
        step('either', ['p', 'q'], { join: 'any' }),
        step('x', ['either', { step: 'c', branch: 'false' }]),
      ],
      '/steps/4/depends_on/1',
      'of "c" at once',
    ],
    [
      'a branch that the condition never chooses',
      [condition('c', 'input.a > 1 ? "big" : "small"'), step('x', [{ step: 'c', branch: 'huge' }])],
      '/steps/1/depends_on/0',
      'never chooses branch "huge", only "big" and "small"',
    ],
    ['a when that is never true', [step('x', [], { when: '1 > 2' })], '/steps/0', '"1 > 2" is never true'],
    [
      'an edge that is never active',
      [step('a'), step('x', [{ step: 'a', when: 'false' }])],
      '/steps/1/depends_on/0',
      'never true',
    ],
    [
      'no alternative left',
      [
        condition('c', 'true'),
        step(
          'x',
          [
            { step: 'c', branch: 'false' },
            { step: 'c', when: 'false' },
          ],
          { join: 'any' },
        ),
      ],
      '/steps/1',
      'none of its dependencies',
    ],
  ])('%s', (_, steps, path, text) => {
    expectOne(workflow(steps), `unreachable_step ${path}`, text)
  })

  it('passes on to what depends on it, but not through always or other alternatives', () => {
    const raw = workflow([
      step('never', [], { when: 'false' }),
      step('a'),
      step('all', ['never', 'a']),
      step('any', ['never', 'a'], { join: 'any' }),
      step('always', ['never'], { join: 'always' }),
    ])
    const problems = problemsOf(raw)
    expect(problems.map((line) => line.split(' ', 2).join(' '))).toEqual([
      'unreachable_step /steps/0',
      'unreachable_step /steps/2/depends_on/0',
    ])
    expect(problems[1]).toContain('it depends on "never", which can never execute')
  })

  it('is not claimed where branches of different conditions meet', () => {
    const raw = workflow([
      condition('c'),
      condition('d', 'input.b'),
      step('x', [
        { step: 'c', branch: 'true' },
        { step: 'd', branch: 'false' },
      ]),
      step('y', ['x', { step: 'c', branch: 'true' }]),
      step('z', [{ step: 'd', branch: 'some name' }]),
    ])
    expect(problemsOf(raw)).toEqual([])
  })
})

describe('types and actions', () => {
  it('unknown_type names the nearest of types and actions', () => {
    expectOne(workflow([step('a', [], { type: 'taks' })]), 'unknown_type /steps/0/type', 'did you mean "task"?')
    expectOne(workflow([step('a', [], { type: 'charge_paymnt' })]), 'unknown_type /steps/0/type', '"charge_payment"?')
    expectOne(
      workflow([step('a', [], { type: 'xyzzy_plugh' })]),
      'unknown_type /steps/0/type',
      'types are: task, condition',
    )
  })

  it('unknown_action names the nearest, also in compensate, in map and among tools', () => {
    const bad = { action: 'charge_paymet' }
    const config = { config: bad }
    expectOne(
      workflow([step('a', [], config)]),
      'unknown_action /steps/0/config/action',
      'did you mean "charge_payment"?',
    )
    expectOne(workflow([step('a', [], { compensate: bad })]), 'unknown_action /steps/0/compensate/action')
    const map = { type: 'map', config: { items: '$input', step: config } }
    expectOne(workflow([step('a', [], map)]), 'unknown_action /steps/0/config/step/config/action')
    const agent = { type: 'agent', config: { prompt: 'x', tools: ['greet', 'greeet'] } }
    expectOne(workflow([step('a', [], agent)]), 'unknown_action /steps/0/config/tools/1', '"greet"')
  })
})

describe('invalid_config', () => {
  it.each<[string, Raw, string, string]>([
    ['task', { max_retries: -1 }, '/max_retries', 'at least 0'],
    ['task', { max_retries: 1.5 }, '/max_retries', 'a whole number'],
    ['task', { fail_probability: 2 }, '/fail_probability', 'at most 1'],
    ['task', { duration_seconds: '2' }, '/duration_seconds', 'expected a number'],
    ['task', { action: 5 }, '/action', 'expected a text, not 5'],
    ['task', { max_retry: 3 }, '/max_retry', 'did you mean "max_retries"?'],
    ['task', { acton: 'greet' }, '/acton', 'did you mean "action"?'],
    ['charge_payment', { durationseconds: 3 }, '/durationseconds', 'did you mean "duration_seconds"?'],
    ['charge_payment', { action: 'greet' }, '/action', 'already names its action'],
    ['condition', {}, '/expression', 'is required'],
    ['condition', { expresion: 'true', expression: 'input.a' }, '/expresion', 'did you mean "expression"?'],
    ['parallel', { concurrency: 2 }, '/concurrency', 'nothing is configured here'],
    ['approval', { timeout_seconds: 0 }, '/timeout_seconds', 'above 0'],
    [
      'approval',
      { on_timeout: 'accept', timeout_seconds: 1 },
      '/on_timeout',
      '"accept" is none of: fail, approve, reject',
    ],
    ['approval', { on_timeout: 'fail' }, '/on_timeout', 'without timeout_seconds'],
    ['human_gate', { approvers: ['a'], quorum: 2 }, '/quorum', '2 approvals cannot come from 1'],
    ['approval', { approvers: ['a', 'a'], quorum: 2 }, '/quorum', '2 approvals cannot come from 1 approver'],
    ['wait', {}, '', 'either seconds or until'],
    ['wait', { seconds: 1, until: '2026-01-01T00:00:00Z' }, '', 'either seconds or until'],
    ['wait', { seconds: -1 }, '/seconds', 'at least 0'],
    ['wait', { until: 'tomorrow' }, '/until', 'neither an ISO 8601 time'],
    ['wait_event', {}, '/event', 'is required'],
    ['wait_event', { event: 'x', name: 'y' }, '/name', 'known are: event, match'],
    ['map', { step: {} }, '/items', 'is required'],
    ['map', { items: '$input', step: { id: 'x' } }, '/step/id', 'unknown key "id"'],
    ['map', { items: 'abc', step: {} }, '/items', 'neither a binding nor an array'],
    ['map', { items: '$input', step: {}, concurrency: 0 }, '/concurrency', 'at least 1'],
    ['map', { items: '$input', step: { type: 'join' } }, '/step/type', 'no meaning inside map'],
    ['map', { items: '$input', step: { type: 'wait' } }, '/step/config', 'either seconds or until'],
    ['workflow', { version: 1 }, '/workflow', 'is required'],
    ['workflow', { workflow: 'x', version: 0 }, '/version', 'at least 1'],
    ['http', { url: 'ftp://x/y' }, '/url', 'no http or https URL'],
    ['http', { url: 'https://x', method: 'FETCH' }, '/method', 'is none of: GET'],
    ['http', { url: 'https://x', header: {} }, '/header', 'did you mean "headers"?'],
    ['http', { url: 'https://x', headers: { 'a b': '$input.a' } }, '/headers/a b', 'is no name of a header'],
    ['http', { url: 'https://x', headers: { a: 'x\r\nb: y' } }, '/headers/a', 'characters that no header may have'],
    ['http', { url: 'https://x', headers: { a: '5 €' } }, '/headers/a', 'ISO 8859-1'],
    ['http', { url: 'https://x', headers: { Upgrade: 'h2c' } }, '/headers/Upgrade', 'cannot be set'],
    ['tool_call', {}, '/url', 'is required'],
    ['transform', {}, '/output', 'is required'],
    ['shell', {}, '/command', 'is required'],
    ['llm', { prompt: 'x', messages: [{}] }, '', 'not both'],
    ['llm', { prompt: 'x', temperature: 3 }, '/temperature', 'at most 2'],
    ['agent', { prompt: 'x', tool: [] }, '/tool', 'did you mean "tools"?'],
    ['agent_call', { prompt: 'x', max_turns: 0 }, '/max_turns', 'at least 1'],
  ])('%s %j', (type, config, path, text) => {
    expectOne(workflow([step('a', [], { type, config })]), `invalid_config /steps/0/config${path}`, text)
  })

  it('literal input, or none, is checked against the schema of the action', () => {
    const config = { config: { action: 'greet' } }
    expectOne(
      workflow([step('a', [], { ...config, input: { name: 5 } })]),
      'invalid_config /steps/0/input/name',
      'must be string',
    )
    expectOne(
      workflow([step('a', [], { type: 'greet', input: {} })]),
      'invalid_config /steps/0/input/name',
      'is required',
    )
    expectOne(
      workflow([step('a', [], { compensate: { action: 'greet' } })]),
      'invalid_config /steps/0/compensate/input/name',
      'the input of action "greet" is required',
    )
    expectOne(workflow([step('a', [], config)]), 'invalid_config /steps/0/input/name', 'is required')
    expect(problemsOf(workflow([step('a', [], { ...config, input: { name: '$input.name' } })]))).toEqual([])
    expect(problemsOf(workflow([step('a', [], { ...config, input: { name: '$$5' } })]))).toEqual([])
  })
})

describe('bindings', () => {
  it.each<[string, Raw, string]>([
    ['/steps/2/input/a/0', { input: { a: ['$nope.x'] } }, 'there is no step "nope"'],
    ['/steps/2/input', { input: '$firts.x' }, 'did you mean "first"?'],
    ['/steps/2/input', { input: '$second.x' }, 'step "second" is not upstream of "x"'],
    ['/steps/2/input', { input: '$x.y' }, 'cannot use its own output'],
    ['/steps/2/input', { input: '$item' }, 'only inside map'],
    ['/steps/2/input', { input: '$first[' }, 'is no reference'],
    ['/steps/2/config/output/z', { type: 'transform', config: { output: { z: '$nope' } } }, 'there is no step'],
    ['/steps/2/config/until', { type: 'wait', config: { until: '$second' } }, 'not upstream'],
    [
      '/steps/2/config/headers/a~0b',
      { type: 'http', config: { url: 'https://x', headers: { 'a~b': '$nope' } } },
      'no step',
    ],
    ['/steps/2/config/step/input', { type: 'map', config: { items: '$first', step: { input: '$nope' } } }, 'no step'],
    ['/steps/2/compensate/input', { compensate: { action: 'refund_payment', input: '$second' } }, 'not upstream'],
  ])('invalid_binding %s', (path, more, text) => {
    expectOne(workflow([step('first'), step('second'), step('x', ['first'], more)]), `invalid_binding ${path}`, text)
  })

  it('may refer to any step upstream, to the order, and after the step to itself', () => {
    const compensate = { action: 'refund_payment', input: '$c.id' }
    const raw = workflow([
      step('a'),
      step('b', ['a']),
      step('c', ['b'], { input: ['$a', '$b.x?', '$order.id'], compensate }),
    ])
    expect(problemsOf(raw)).toEqual([])
  })

  it('the output of the workflow may refer to every step', () => {
    expect(problemsOf(workflow([step('a'), step('b')], { output: { a: '$a', b: '$b.x' } }))).toEqual([])
    expectOne(workflow([step('a')], { output: { a: '$b' } }), 'invalid_binding /output/a', 'there is no step "b"')
  })

  it('a concurrency key refers to what is known before the run begins', () => {
    expect(problemsOf(withKey('$input.customer'))).toEqual([])
    expect(problemsOf(withKey('${{ input.a }}-${{ context.b }}'))).toEqual([])
    expectOne(withKey('customer'), 'invalid_binding /concurrency/key', 'write $input.customer')
    expectOne(withKey('$a.x'), 'invalid_binding /concurrency/key', 'before the run begins')
  })
})

describe('expressions', () => {
  it.each<[string, Raw, string]>([
    ['/steps/2/when', { when: 'input.a >' }, 'is not complete'],
    ['/steps/2/when', { when: 'steps.nope.status == "failed"' }, 'there is no step "nope"'],
    ['/steps/2/when', { when: 'steps.second.output.a == 1' }, 'not upstream'],
    ['/steps/2/when', { when: '"yes"' }, 'is always "yes", where true or false is needed'],
    ['/steps/2/when', { when: 'inputs.a' }, 'did you mean "input"?'],
    ['/steps/2/when', { when: 'item > 1' }, 'item exists only inside map'],
    ['/steps/2/when', { when: 'event.x' }, 'event exists only in config.match'],
    ['/steps/2/depends_on/0/when', { depends_on: [{ step: 'first', when: 'foo(1)' }] }, 'there is no function foo'],
    ['/steps/2/config/expression', { type: 'condition', config: { expression: '1 +' } }, 'is not complete'],
    ['/steps/2/config/expression', { type: 'condition', config: { expression: '1 + 1' } }, 'is always 2'],
    ['/steps/2/config/match', { type: 'wait_event', config: { event: 'e', match: 'evnt.x' } }, 'did you mean "event"?'],
    ['/steps/2/input/a', { input: { a: 'x ${{ 1 + }}' } }, 'is not complete'],
    ['/steps/2/input', { input: '${{ steps.second.output }}' }, 'not upstream'],
    [
      '/steps/2/config/step/when',
      { type: 'map', config: { items: '$first', step: { when: 'itm.x' } } },
      'did you mean "item"?',
    ],
  ])('invalid_expression %s', (path, more, text) => {
    expectOne(workflow([step('first'), step('second'), step('x', ['first'], more)]), `invalid_expression ${path}`, text)
  })
})

describe('limit_exceeded', () => {
  it('too many steps are one problem', () => {
    const steps = Array.from({ length: LIMITS.steps + 1 }, () => step('same'))
    expectOne(workflow(steps), 'limit_exceeded /steps', 'at most 10,000 items')
  })

  it('too many dependencies', () => {
    const ids = Array.from({ length: 330 }, (_, i) => `a${i}`)
    const steps = [...ids.map((id) => step(id)), ...ids.map((id) => step(`b${id}`, ids))]
    expectOne(workflow(steps), 'limit_exceeded /steps', '108,900 dependencies in all, more than the 100,000 allowed')
  })

  it('too long an expression', () => {
    expectOne(workflow([step('a', [], { when: `input.a == "${'x'.repeat(5_000)}"` })]), 'limit_exceeded /steps/0/when')
  })

  it('too deep a value, however deep', () => {
    let input: unknown = 1
    for (let depth = 0; depth < 100_000; depth += 1) input = [input]
    const [problem] = validateDefinition(workflow([step('a', [], { input })]), null).errors
    expect(problem).toMatchObject({ code: 'limit_exceeded', message: 'nests deeper than 64 levels' })
  })
})

describe('triggers and schemas', () => {
  it.each<[Raw, string, string]>([
    [{ type: 'cron', cron: '61 * * * *' }, '/triggers/0/cron', 'the field minute cannot be "61"'],
    [{ type: 'cron', cron: '0 0 1 13 *' }, '/triggers/0/cron', 'the field month cannot be "13"'],
    [{ type: 'cron', cron: '0 0 0 * * *' }, '/triggers/0/cron', 'has 6 fields, not 5'],
    [{ type: 'cron', cron: '0 9 * * *', timezone: 'Mars/Olympus' }, '/triggers/0/timezone', 'is no time zone'],
    [{ type: 'corn' }, '/triggers/0/type', 'did you mean "cron"?'],
  ])('%j is refused', (trigger, path, text) => {
    expectOne(workflow([step('a')], { triggers: [trigger] }), `invalid_definition ${path}`, text)
  })

  it('good triggers pass', () => {
    const triggers = [{ type: 'cron', cron: '*/5 9-17 * * MON-FRI', timezone: 'Europe/Berlin' }, { type: 'webhook' }]
    expect(problemsOf(workflow([step('a')], { triggers: [...triggers, { type: 'cron', cron: '@daily' }] }))).toEqual([])
  })

  it('input_schema must be JSON Schema 2020-12', () => {
    expect(problemsOf(withSchema({ type: 'object', properties: { a: { type: 'string', format: 'email' } } }))).toEqual(
      [],
    )
    const problems = problemsOf(withSchema({ properties: { a: { type: 'strin' } } }))
    expect(problems[0]).toMatch(
      /^invalid_definition \/input_schema\/properties\/a\/type is no JSON Schema 2020-12: must be one of/,
    )
    expectOne(withSchema({ $ref: '#/$defs/nope' }), 'invalid_definition /input_schema', "can't resolve reference")
    expectOne(
      withSchema({ $schema: 'http://json-schema.org/draft-07/schema#' }),
      'invalid_definition /input_schema/\\$schema',
    )
  })
})

describe('all errors come at once', () => {
  it('those of the shape with those of the meaning', () => {
    const raw = {
      name: 'w w',
      stepss: 1,
      steps: [
        { id: 'a', depends_on: ['c'], colour: 'red' },
        { id: 'b', depends_on: ['a', 7, 'nope'], priority: 10 },
        { id: 'c', depends_on: ['b'], config: { max_retries: -1 }, when: '1 +' },
        { id: 'd', depends_on: ['d'], type: 'tsk', input: { x: '$zzz' } },
        { id: 'a' },
        'no step',
        { id: 'e', type: 'condition', config: 5, depends_on: ['a'] },
        { id: 'f', config: { action: 'gret' }, timeout_seconds: 'soon', input: '$e' },
      ],
    }
    const lines = problemsOf(raw).map((line) => line.split(' ', 2).join(' '))
    expect(lines.toSorted()).toEqual(
      [
        'invalid_definition /name',
        'invalid_definition /stepss',
        'invalid_definition /steps/0/colour',
        'invalid_definition /steps/1/depends_on/1',
        'invalid_definition /steps/1/priority',
        'invalid_definition /steps/5',
        'invalid_definition /steps/7/timeout_seconds',
        'invalid_config /steps/2/config/max_retries',
        'invalid_config /steps/6/config',
        'cycle /steps/0/depends_on/0',
        'unknown_dependency /steps/1/depends_on/2',
        'self_dependency /steps/3/depends_on/0',
        'duplicate_step /steps/4/id',
        'unknown_type /steps/3/type',
        'unknown_action /steps/7/config/action',
        'invalid_binding /steps/3/input/x',
        'invalid_binding /steps/7/input',
        'invalid_expression /steps/2/when',
      ].toSorted(),
    )
  })

  it('places are those of the file, also behind a malformed edge', () => {
    const raw = workflow([step('a'), step('b', [7, { step: 'a', when: '1 +' }, 'nope'], { max_retries: 3 })])
    expect(problemsOf(raw).map((line) => line.split(' ', 2).join(' '))).toEqual([
      'invalid_definition /steps/1/depends_on/0',
      'invalid_definition /steps/1/max_retries',
      'unknown_dependency /steps/1/depends_on/2',
      'invalid_expression /steps/1/depends_on/1/when',
    ])
    expect(problemsOf(raw)[1]).toContain('it belongs into config')
  })

  it.each([null, 5, 'x', [], {}, { steps: 5 }, { name: 5, steps: [null] }, undefined, new Date()])(
    'for any value there is an answer: %j',
    (raw) => {
      expect(validateDefinition(raw, CATALOG)).toMatchObject({ valid: false })
    },
  )

  it('more than a thousand problems are cut, and that is told', () => {
    const steps = Array.from({ length: 2_000 }, (_, i) => step(`s${i}`, ['nope']))
    const problems = problemsOf(workflow(steps))
    expect(problems).toHaveLength(1_000)
    expect(problems.at(-1)).toBe('limit_exceeded  1001 more problems are not shown')
  })
})

describe('parts beside malformed ones', () => {
  const told = (parts: object): string[] => {
    const validation = validateDefinition({ name: 'w', steps: [{ id: 'a' }], ...parts }, null)
    return validation.errors.map(({ path, code }) => `${path} ${code}`)
  }

  it('both faults of a concurrency are told', () => {
    expect(told({ concurrency: { limit: 0, key: 'customer_id', slots: 1 } })).toEqual([
      '/concurrency/limit invalid_definition',
      '/concurrency/slots invalid_definition',
      '/concurrency/key invalid_binding',
    ])
  })

  it('all faults of a trigger are told', () => {
    expect(
      told({ triggers: [{ type: 'cron', cron: 'x', timezone: 'Nowhere/City', overlap: 'maybe', zone: 1 }] }),
    ).toEqual([
      '/triggers/0/overlap invalid_definition',
      '/triggers/0/zone invalid_definition',
      '/triggers/0/cron invalid_definition',
      '/triggers/0/timezone invalid_definition',
    ])
  })
})

describe('the input of a cron trigger', () => {
  const input_schema = { type: 'object', properties: { n: { type: 'integer' } }, required: ['n'] }
  const errorsOf = (triggers: object[], schema: unknown = input_schema) =>
    validateDefinition({ name: 'w', input_schema: schema, steps: [{ id: 'a' }], triggers }, null).errors
  const cron = { type: 'cron', cron: '0 0 * * *' }

  it('meets the input_schema', () => {
    expect(errorsOf([{ ...cron, input: { n: 1 } }, { type: 'webhook' }])).toEqual([])
    expect(errorsOf([cron, { ...cron, input: { n: 'x' } }])).toEqual([
      { path: '/triggers/0/input/n', code: 'invalid_input', message: 'does not match input_schema: is required' },
      { path: '/triggers/1/input/n', code: 'invalid_input', message: 'does not match input_schema: must be integer' },
    ])
  })

  it('is not held against a schema that is none', () => {
    expect(new Set(errorsOf([cron], { type: 'nothing' }).map(({ path }) => path))).toEqual(
      new Set(['/input_schema/type']),
    )
  })
})
