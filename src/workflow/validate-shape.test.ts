import { expect, it } from 'vitest'
import { parseDefinition } from './validate-shape.ts'

it('fills in the defaults', () => {
  const { definition, problems } = parseDefinition({ name: 'w', steps: [{ id: 'a' }] })
  expect(problems).toEqual([])
  expect(definition).toEqual({
    name: 'w',
    on_failure: 'stop',
    sequencing: 'step',
    triggers: [],
    steps: [
      {
        id: 'a',
        type: 'task',
        config: {},
        depends_on: [],
        join: 'all',
        on_error: 'fail',
        retry: { backoff: 'fixed', delay_seconds: 1, factor: 2, max_delay_seconds: 60, jitter: 0 },
        queue: 'default',
        priority: 5,
      },
    ],
  })
})

it('tells every fault of the shape, and only of the shape', () => {
  const raw = {
    name: '-w',
    steps: [{ id: '1', depends_on: ['nowhere', { step: 5 }, { stp: 'a' }, 7], retry: { backoff: 'linear' } }],
    concurrency: { limit: 0 },
  }
  const { definition, problems } = parseDefinition(raw)
  expect(definition).toBeNull()
  expect(problems.map(({ path, message }) => `${path} ${message}`)).toEqual([
    '/name a name is a letter or digit followed by at most 127 letters, digits, . _ or -',
    '/concurrency/limit must be at least 1',
    '/steps/0/id an id is a letter or _ followed by at most 63 letters, digits, _ or -',
    '/steps/0/depends_on/1/step expected a text, not 5',
    '/steps/0/depends_on/2/step is required',
    '/steps/0/depends_on/2/stp unknown key "stp"; did you mean "step"?',
    '/steps/0/depends_on/3 expected a text or an object, not 7',
    '/steps/0/retry/backoff "linear" is none of: fixed, exponential',
  ])
})

it('a key of another type of trigger is told as such', () => {
  const triggers = [
    { type: 'webhook', timezone: 'UTC', inputt: 1, x: 2 },
    { type: 'cron', cron: '* * * * *', zone: 'UTC' },
  ]
  const { problems } = parseDefinition({ name: 'w', steps: [{ id: 'a' }], triggers })
  expect(problems.map(({ path, message }) => `${path} ${message}`)).toEqual([
    '/triggers/0/timezone unknown key "timezone"; it belongs to type "cron"',
    '/triggers/0/inputt unknown key "inputt"; did you mean "input"?',
    '/triggers/0/x unknown key "x"; known are: type, input',
    '/triggers/1/zone unknown key "zone"; known are: type, cron, timezone, input, overlap, paused',
  ])
})
