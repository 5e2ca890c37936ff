import { z } from '@hono/zod-openapi'
import { HTTPException } from 'hono/http-exception'
import { describe, expect, it } from 'vitest'
import { ERROR_KINDS, SluiceError, type ErrorCode } from '../errors.ts'
import { payload } from './payload.ts'
import { internalProblem, problemOf, problemsOfZod, strict } from './problems.ts'

function problemsOf(schema: z.ZodType, value: unknown) {
  return problemsOfZod(schema.safeParse(value).error?.issues ?? [])
}

describe('problemOf', () => {
  it('an error with problems keeps them, with the status and title of its code', () => {
    const problems = [{ path: '/amount', code: 'too_small', message: 'above 0' }]
    expect(problemOf(new SluiceError('invalid_input', 'The order is not valid.', { problems }))).toEqual({
      type: 'urn:sluice:problem:invalid_input',
      title: 'The input is not valid',
      status: 422,
      detail: 'The order is not valid.',
      errors: problems,
    })
  })

  it.each([[400], [404], [405], [413], [415]] as const)('the framework’s own %d is a problem too', (status) => {
    expect(problemOf(new HTTPException(status, { message: 'no' }))).toMatchObject({ status, detail: 'no' })
  })

  it('an error of ours that is no fault of the client is not shown', () => {
    const hidden = (Object.keys(ERROR_KINDS) as ErrorCode[]).filter((code) => ERROR_KINDS[code].status === 500)
    expect(hidden.length).toBeGreaterThan(0)
    for (const code of hidden) expect(problemOf(new SluiceError(code, 'secret'))).toBeNull()
    expect(problemOf(new Error('secret'))).toBeNull()
    expect(problemOf('secret')).toBeNull()
    expect(JSON.stringify(internalProblem('42'))).not.toContain('secret')
  })
})

describe('problemsOfZod', () => {
  it('names every place by JSON Pointer', () => {
    const schema = z.strictObject({ 'a/b': z.array(z.strictObject({ 'c~d': z.number() })), e: z.string() })
    expect(problemsOf(schema, { 'a/b': [{ 'c~d': 'x' }] })).toEqual([
      expect.objectContaining({ path: '/a~1b/0/c~0d', code: 'invalid_type' }),
      expect.objectContaining({ path: '/e', code: 'invalid_type' }),
    ])
  })

  it('an unknown key comes with the nearest known one, or with all', () => {
    const schema = strict({ priority: z.number().optional(), tags: z.string().optional() })
    const found = problemsOf(schema, { prioritty: 1, colour: 2 })
    expect(found).toEqual([
      { path: '/prioritty', code: 'unknown_key', message: '"prioritty" is not known here; did you mean "priority"?' },
      { path: '/colour', code: 'unknown_key', message: '"colour" is not known here; known are priority, tags' },
    ])
  })

  it('a union reports what its first alternative said', () => {
    const schema = z.object({ amount: z.union([z.string().regex(/^\d+$/, 'digits only'), z.number()]) })
    expect(problemsOf(schema, { amount: 'x' })).toEqual([
      { path: '/amount', code: 'invalid_format', message: 'digits only' },
    ])
  })
})

describe('payload', () => {
  const nested = (depth: number): unknown => (depth === 0 ? 1 : [nested(depth - 1)])

  it('passes any JSON through as it is', () => {
    const value = { z: [1, null, { y: true }], a: 'ä😀' }
    expect(payload.parse(value)).toBe(value)
    expect(payload.parse(null)).toBeNull()
    expect(payload.parse(nested(64))).toEqual(nested(64))
  })

  it('refuses nesting beyond the limit, however deep', () => {
    let deep: unknown = 1
    for (let level = 0; level < 500_000; level += 1) deep = [deep]
    expect(problemsOf(z.object({ input: payload }), { input: deep })[0]).toMatchObject({ code: 'limit_exceeded' })
    expect(problemsOf(payload, nested(65))).toHaveLength(1)
  })

  it('refuses text that Postgres cannot store, and says where', () => {
    expect(problemsOf(z.object({ input: payload }), { input: { a: ['ok', 'b\u0000'] } })).toEqual([
      expect.objectContaining({ path: '/input/a/1', code: 'invalid_text' }),
    ])
    expect(problemsOf(payload, ['\ud800'])).toHaveLength(1)
  })
})
