import { expect, test } from 'vitest'
import type { DefinitionInput, Json } from '../../src/workflow/definition.ts'
import { LIMITS } from '../../src/workflow/limits.ts'
import { defineAction, z } from '../../workers/action.ts'
import { describeOnEachBackend } from '../support/contract.ts'
import { statusesOf, stepOf } from '../support/run-record.ts'
import { noop } from '../support/shapes.ts'

/** A text whose JSON, quotes included, has so many bytes. */
const textOfBytes = (bytes: number) => 'x'.repeat(bytes - 2)

const deep = (depth: number): Json => (depth === 0 ? 1 : [deep(depth - 1)])

const ACTIONS = [
  defineAction({
    name: 'produce',
    description: 'Gives a text whose JSON has so many bytes',
    input: z.number(),
    output: z.string(),
    run: async ({ input }) => textOfBytes(input),
  }),
  defineAction({
    name: 'unstorable',
    description: 'Gives what JSON or Postgres cannot hold',
    input: z.enum(['nul', 'nul key', 'depth', 'function', 'circle', 'bigint', 'nothing']),
    output: z.any(),
    run: async ({ input }) => {
      const circle: Record<string, unknown> = {}
      circle['self'] = circle
      return {
        nul: { text: 'a\u0000b' },
        'nul key': { 'a\u0000b': 1 },
        depth: deep(LIMITS.jsonDepth + 1),
        function: { f: () => 1 },
        circle,
        bigint: { n: 1n },
        nothing: undefined,
      }[input]
    },
  }),
  defineAction({
    name: 'liar',
    description: 'Returns something else than it declares',
    input: z.unknown(),
    output: z.object({ n: z.number() }),
    run: async () => ({ n: 'three' }) as never,
  }),
  defineAction({
    name: 'picky',
    description: 'Wants a number',
    input: z.object({ n: z.number() }),
    output: z.number(),
    run: async ({ input }) => input.n,
  }),
]

const transform = (id: string, output: Json, depends_on: string[] = []) => ({
  id,
  type: 'transform',
  config: { output },
  depends_on,
})

describeOnEachBackend({ actions: ACTIONS }, (engine) => {
  test('an output of exactly 1 MiB is stored, and readable downstream', async () => {
    const run = await engine().run({
      name: 'one-mebibyte',
      steps: [
        { id: 'a', type: 'produce', input: LIMITS.outputBytes },
        transform('length', '${{ size(steps.a.output) }}', ['a']),
      ],
    })
    expect(statusesOf(run)).toEqual({ a: 'completed', length: 'completed' })
    expect(stepOf(run, 'a').output_bytes).toBe(LIMITS.outputBytes)
    expect(run.output).toEqual({ length: LIMITS.outputBytes - 2 })
  })

  test('an output of one byte more fails the step, names step, size and limit, and is not tried again', async () => {
    const run = await engine().run({
      name: 'too-large',
      steps: [{ id: 'a', type: 'produce', input: LIMITS.outputBytes + 1, config: { max_retries: 3 } }],
    })
    const step = stepOf(run, 'a')
    expect(step).toMatchObject({ status: 'failed', attempt: 1, output: null, error: { code: 'output_too_large' } })
    expect(step.error?.message).toMatch(/step a is 1048577 bytes, more than the limit of 1048576/)
    expect(run.status).toBe('failed')
  })

  test.each(['nul', 'nul key', 'depth', 'function', 'circle', 'bigint'])(
    'an output that cannot be stored (%s) fails its step alone',
    async (kind) => {
      const run = await engine().run({
        name: `unstorable-${kind.replace(' ', '-')}`,
        on_failure: 'finish',
        steps: [
          { id: 'bad', type: 'unstorable', input: kind, config: { max_retries: 3 } },
          ...Array.from({ length: 20 }, (_, index) => noop(`good${index}`)),
        ],
      })
      const { bad, ...good } = statusesOf(run)
      expect(bad).toBe('failed')
      expect(new Set(Object.values(good))).toEqual(new Set(['completed']))
      expect(stepOf(run, 'bad')).toMatchObject({ attempt: 1, error: { code: 'invalid_output' } })
      expect(stepOf(run, 'bad').error?.message).toContain('the output of step bad cannot be stored')
    },
  )

  test('an action that returns nothing has no output', async () => {
    const run = await engine().run({ name: 'nothing', steps: [{ id: 'a', type: 'unstorable', input: 'nothing' }] })
    expect(stepOf(run, 'a')).toMatchObject({ status: 'completed', output: null })
  })

  test('a transform whose output holds \\u0000 fails', async () => {
    const nul = '${{ "a\\u0000b" }}'
    const run = await engine().run({ name: 'nul-transform', steps: [transform('a', { text: nul })] })
    expect(stepOf(run, 'a')).toMatchObject({ status: 'failed', error: { code: 'invalid_output' } })
  })

  test('an action that does not return what it declares fails for good', async () => {
    const run = await engine().run({ name: 'liar', steps: [{ id: 'a', type: 'liar', config: { max_retries: 2 } }] })
    expect(stepOf(run, 'a')).toMatchObject({ status: 'failed', attempt: 1, error: { code: 'invalid_action_output' } })
  })

  test('an input that does not suit the action fails the step for good, and says where', async () => {
    const run = await engine().run(
      { name: 'picky', steps: [{ id: 'a', type: 'picky', input: { n: '$input.n' }, config: { max_retries: 2 } }] },
      { input: { n: 'many' } },
    )
    const step = stepOf(run, 'a')
    expect(step).toMatchObject({ status: 'failed', attempt: 1, error: { code: 'invalid_action_input' } })
    expect(step.error?.message).toContain('at n')
  })

  test('a binding without a value fails the step, and names the path and what was there', async () => {
    const run = await engine().run(
      { name: 'missing-path', steps: [transform('a', { b: { c: 1 } }), transform('b', '$a.b.d', ['a'])] },
      {},
    )
    const step = stepOf(run, 'b')
    expect(step).toMatchObject({ status: 'failed', attempt: 1, error: { code: 'binding' } })
    expect(step.error?.message).toMatch(/\$a\.b\.d/)
    expect(step.error?.message).toContain('c')
  })
})

describeOnEachBackend({ actions: ACTIONS }, (engine) => {
  const steps: DefinitionInput['steps'] = [
    transform('a', { n: '$input.n', tag: '$context.tag' }),
    {
      id: 'b',
      type: 'echo',
      input: { doubled: '${{ steps.a.output.n * 2.0 }}', text: 'n is ${{ input.n }}' },
      depends_on: ['a'],
    },
    { id: 'c', type: 'parallel', depends_on: ['a'] },
    { id: 'd', type: 'join', depends_on: ['c'] },
  ]
  const request = { input: { n: 3 }, context: { tag: 'x' } }

  test('without an output of its own, a run has the outputs of its sinks, by id', async () => {
    const run = await engine().run({ name: 'default-output', steps }, request)
    expect(statusesOf(run)).toEqual({ a: 'completed', b: 'completed', c: 'completed', d: 'completed' })
    expect(run.output).toEqual({ b: { doubled: 6, text: 'n is 3' }, d: null })
    expect(stepOf(run, 'a').output).toEqual({ n: 3, tag: 'x' })
  })

  test('the `output` of the workflow is the output of the run', async () => {
    const output = {
      sum: '$b.doubled',
      first: '$a.n',
      raw: '$$b',
      status: '${{ steps.d.status }}',
      none: '$a.nothing?',
    }
    const run = await engine().run({ name: 'bound-output', steps, output }, request)
    expect(run.output).toEqual({ sum: 6, first: 3, raw: '$b', status: 'completed', none: null })
  })

  test('a run whose output cannot be made fails, and says why', async () => {
    const run = await engine().run({ name: 'broken-output', steps, output: '$a.nothing.at.all' }, request)
    expect(run).toMatchObject({ status: 'failed', output: null, error: { code: 'run_output' } })
    expect(run.error?.message).toContain('$a.nothing.at.all')
    expect(new Set(Object.values(statusesOf(run)))).toEqual(new Set(['completed']))
  })

  test('skipped sinks are not part of the output', async () => {
    const run = await engine().run(
      { name: 'skipped-sink', steps: [transform('a', 1), { ...transform('b', 2), when: 'input.n > 9' }] },
      request,
    )
    expect(run).toMatchObject({ status: 'completed', output: { a: 1 } })
  })

  test('structure and conditions settle without work of their own', async () => {
    const run = await engine().run(
      {
        name: 'structure',
        steps: [
          { id: 'split', type: 'parallel' },
          noop('left', ['split']),
          noop('right', ['split']),
          { id: 'merge', type: 'join', depends_on: ['left', 'right'] },
          { id: 'check', type: 'condition', config: { expression: 'input.n == 3' }, depends_on: ['merge'] },
        ],
      },
      request,
    )
    expect(run.status).toBe('completed')
    expect(stepOf(run, 'check')).toMatchObject({ branch: 'true', output: { result: true, branch: 'true' } })
  })
})
