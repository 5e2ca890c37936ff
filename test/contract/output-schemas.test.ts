import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { PACKAGE_ROOT } from '../../src/package-root.ts'
import type { DefinitionInput } from '../../src/workflow/definition.ts'
import { defineAction, z } from '../../workers/action.ts'
import { describeOnEachBackend } from '../support/contract.ts'
import { stepOf } from '../support/run-record.ts'

const give = defineAction({
  name: 'give',
  description: 'Returns its input',
  input: z.any(),
  output: z.any(),
  run: async ({ input }) => input as unknown,
})

const EXAMPLE = JSON.parse(readFileSync(join(PACKAGE_ROOT, 'examples/typed-outputs.json'), 'utf8')) as DefinitionInput

const schema = { type: 'object', properties: { amount: { type: 'number' } }, required: ['amount'] }

describeOnEachBackend({ actions: [give] }, (engine) => {
  test('an output that meets its output_schema completes the step', async () => {
    const run = await engine().run({
      name: 'meets',
      steps: [
        { id: 'a', type: 'give', input: { amount: 5, more: true }, output_schema: schema },
        { id: 'b', type: 'transform', config: { output: '$a.amount' }, depends_on: ['a'], output_schema: true },
      ],
    })
    expect(run).toMatchObject({ status: 'completed', output: { b: 5 } })
  })

  test('the example of declared outputs runs', async () => {
    const run = await engine().run(EXAMPLE)
    const output = { text: 'Lamp and more: 59.5 EUR', first_price: 49.5, free_shipping: true }
    expect(run).toMatchObject({ status: 'completed', output })
  })

  test('an output whose check by a pattern would last for ever fails its step', async () => {
    const run = await engine().run({
      name: 'slow-pattern',
      steps: [{ id: 'a', type: 'give', input: `${'a'.repeat(60)}!`, output_schema: { pattern: '^(a+)+$' } }],
    })
    const message = expect.stringContaining('more than 1 s') as string
    expect(run).toMatchObject({ status: 'failed', error: { code: 'invalid_output', message } })
  })

  test.each([
    ['an action', { type: 'give', input: { amount: 'much' }, config: { max_retries: 3 } }],
    ['an action that returns nothing', { type: 'give' }],
    ['a transform', { type: 'transform', config: { output: { amount: 'much' } } }],
    ['a wait', { type: 'wait', config: { seconds: 0.01 } }],
    ['a map', { type: 'map', config: { items: [1], step: { type: 'give', input: '$item' } } }],
  ])('%s whose output does not meet its output_schema fails for good', async (name, step) => {
    const run = await engine().run({
      name: `misses-${name.replaceAll(' ', '-')}`,
      steps: [{ id: 'a', ...step, output_schema: schema }],
    })
    expect(run.status).toBe('failed')
    expect(stepOf(run, 'a')).toMatchObject({ status: 'failed', attempt: 1, error: { code: 'invalid_output' } })
    expect(stepOf(run, 'a').error?.message).toContain('the output of step a does not match its output_schema')
  })

  test('each item of a map is checked against the schema of the inner step', async () => {
    const inner = { type: 'give', input: '$item', output_schema: { type: 'number' }, on_error: 'continue' }
    const run = await engine().run({
      name: 'items',
      steps: [{ id: 'm', type: 'map', config: { items: [1, 'two', 3], step: inner } }],
    })
    expect(stepOf(run, 'm[1]')).toMatchObject({ status: 'failed', error: { code: 'invalid_output' } })
    expect(stepOf(run, 'm[2]')).toMatchObject({ status: 'completed', output: 3 })
  })
})
