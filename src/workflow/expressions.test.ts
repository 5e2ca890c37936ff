import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { evaluateCondition, evaluateExpression, parseExpression, type Scope } from './expressions.ts'
import type { Json } from './json-value.ts'
import { LIMITS } from './limits.ts'

function scopeWith(input: Json, more: Partial<Scope> = {}): Scope {
  return { input, context: {}, order: null, steps: () => undefined, ...more }
}

function messagesOf(text: string): string[] {
  const parsed = parseExpression(text)
  return parsed.ok ? [] : parsed.problems.map((problem) => `${problem.code}: ${problem.message}`)
}

const items = Array.from({ length: 10_000 }, (_, index) => ({ id: index, quantity: index % 3 }))

const DATA: Scope = scopeWith(
  { amount: 200, price: 10.5, none: null, tags: ['a', 'b'], name: 'Ann', deep: { constructor: 1 }, zero: 0 },
  {
    context: { tenant: 'acme' },
    order: { amount: '9.90', status: 'pending' },
    steps: (id) => {
      if (id === 'count') return { output: { count: 2 }, status: 'completed', error: null }
      return id === 'my-step' ? { output: null, status: 'failed', error: { message: 'boom' } } : undefined
    },
  },
)

describe('numbers of JSON, whole or not, meet literals of either kind', () => {
  it.each<[string, Json]>([
    ['input.amount > 100', true],
    ['input.amount == 200', true],
    ['input.amount == 200.0', true],
    ['input.price < 11', true],
    ['steps.count.output.count == 2', true],
    ['input.amount + 1', 201],
    ['1 + input.price', 11.5],
    ['input.amount - 0.5', 199.5],
    ['input.price * 2', 21],
    ['input.amount / 3', 200 / 3],
    ['input.amount % 7', 4],
    ['-input.amount', -200],
    ['input.amount in [100, 200]', true],
    ['int(input.price)', 10],
    ['7 / 2', 3],
    ['9007199254740993', '9007199254740993'],
  ])('%s is %s', (text, value) => {
    expect(evaluateExpression(text, DATA)).toEqual(value)
  })
})

describe('the language', () => {
  it.each<[string, Json]>([
    ['size(input.tags)', 2],
    ['"a" in input.tags', true],
    ['"amount" in input', true],
    ['has(input.none)', true],
    ['has(input.missing)', false],
    ['input.none == null', true],
    ['input.amount > 100 ? "big" : "small"', 'big'],
    ['input.name.lowerAscii() + "!"', 'ann!'],
    ['input.name.substring(input.zero, 2)', 'An'],
    ['"a-b-c".replace("-", "+")', 'a+b+c'],
    ['"a-b-c".replace("-", "", 1)', 'ab-c'],
    ['"a,b".split(",")', ['a', 'b']],
    ['input.tags.join("-")', 'a-b'],
    ['input.name.matches("^A.n$")', true],
    ['input.tags.map(t, t + "x")', ['ax', 'bx']],
    ['input.tags.filter(t, t != "a")', ['b']],
    [
      'input.tags.map(x, input.tags.map(y, x + y))',
      [
        ['aa', 'ab'],
        ['ba', 'bb'],
      ],
    ],
    ['[1, 2, 3].map(x, x > 1, x * 2)', [4, 6]],
    ['input.tags.exists(t, t == "b") && input.tags.all(t, size(t) == 1)', true],
    ['input.tags.exists_one(t, t == "b")', true],
    [
      '[[1] + [2]].map(a, [a + [3], a + [4]])',
      [
        [
          [1, 2, 3],
          [1, 2, 4],
        ],
      ],
    ],
    ['input.tags + ["c"]', ['a', 'b', 'c']],
    ['input.deep.constructor', 1],
    ['{"a": 1, "b": [1, 2.5, null]}', { a: 1, b: [1, 2.5, null] }],
    ['timestamp("2026-01-31T09:00:00Z")', '2026-01-31T09:00:00Z'],
    ['duration("90s")', '90s'],
    ['type(input.amount)', 'double'],
    ['b"abc"', 'YWJj'],
    ['order.status', 'pending'],
    ['context.tenant', 'acme'],
    ['steps["my-step"].error.message', 'boom'],
    ['steps.count.status', 'completed'],
  ])('%s is %j', (text, value) => {
    expect(evaluateExpression(text, DATA)).toEqual(value)
  })
})

describe('a failing evaluation says what was missing', () => {
  it.each([
    ['input.amoun', 'there is no "amoun" in input, which has: amount, price'],
    ['input["x y"].z', 'there is no "x y" in input, which has'],
    ['order.amount.cents', 'there is no "cents" in order.amount, which is no object'],
    ['input.none.x', 'there is no "x" in input.none, which is null'],
    ['input.tags.x', 'there is no "x" in input.tags, which is a list of 2'],
    ['input.tags[5]', 'index 5 out of bounds'],
    ['input.amount / 0', 'divide by zero'],
    ['input.name + 1', "no matching overload for '_+_' applied to '(string, int)'"],
    ['steps.other.output', 'step other is not upstream'],
    ['item', 'there is no item here'],
    ['input.amount * 1e308 * 10.0', 'Infinity, which is not a JSON number'],
  ])('%s', (text, message) => {
    expect(() => evaluateExpression(text, DATA)).toThrow(message)
  })

  it('a condition that is neither true nor false is an error', () => {
    expect(() => evaluateCondition('input.amount', DATA)).toThrow(
      '"input.amount" is 200, where true or false is needed',
    )
    expect(evaluateCondition('input.amount > 1', DATA)).toBe(true)
  })
})

describe('what cannot be right is found without data', () => {
  it.each([
    ['input.amount >', 'is not complete'],
    ['', 'is not complete'],
    ['a == 1 &&& b', 'found &'],
    ['inptu.amount', 'there is no variable inptu; did you mean "input"? at 1'],
    ['steps.my-step.output', 'there is no variable step'],
    ['steps', 'name the step: steps.ID, or steps["ID"]'],
    ['size(steps)', 'name the step'],
    ['has(steps.a)', 'every step is there'],
    ['steps.a.outputs.x > 1', 'a step has output, status and error, no outputs; did you mean "output"?'],
    ['has(steps["a"].result)', 'a step has output, status and error, no result at'],
    ['input.name.matches("[a-")', 'error parsing regexp: missing closing ]'],
    [`input.name.matches("${'a'.repeat(1_025)}")`, 'matches takes a text of at most 1024 characters, not 1025'],
    ['lowerAsci(input.name)', 'there is no function lowerAsci; did you mean "lowerAscii"?'],
    ['lowerAscii(input.name)', 'lowerAscii is called as value.lowerAscii()'],
    ['size(1, 2)', 'size takes 1 argument, not 2'],
    ['has(input)', 'has takes one field'],
    ['input.tags.map(1, 2)', 'map is called as list.map(x, expression of x)'],
    ['Order{amount: 1}', 'there is no message type Order'],
    ['1 / 0', 'always fails'],
    ['"a" + 1', 'always fails'],
  ])('%j', (text, message) => {
    expect(messagesOf(text).join('\n')).toContain(`invalid_expression: ${message}`)
  })

  it('all faults of an expression are told at once', () => {
    expect(messagesOf('foo > 1 && bar(2) == input.x')).toHaveLength(2)
  })

  it('a variable of a comprehension may have any name, also one of ours', () => {
    expect(evaluateExpression('input.tags.all(input, input != "c")', DATA)).toBe(true)
    expect(evaluateExpression('input.tags.map(steps, steps)', DATA)).toEqual(['a', 'b'])
  })

  it('names the variables and steps that it reads', () => {
    const parsed = parseExpression('input.a > 1 || steps.a.output.x == steps["b-c"].status && order.x == "y"')
    expect(parsed).toMatchObject({ ok: true, expression: { referencedSteps: ['a', 'b-c'] } })
    expect(parsed.ok && [...parsed.expression.variables]).toEqual(['input', 'order'])
  })

  it.each<[string, Json[] | null]>([
    ['input.a > 1', [true, false]],
    ['input.a > 1 ? "x" : input.b > 2 ? "y" : "z"', ['x', 'y', 'z']],
    ['input.a', null],
    ['1 > 2', [false]],
    ['false && input.a', [false]],
    ['input.a || true', [true]],
    ['!(false && input.a)', [true]],
    ['"a" + "b"', ['ab']],
    ['input.list.all(x, x > 1)', [true, false]],
    ['input.list.map(x, x)', null],
  ])('%s can be %j', (text, outcomes) => {
    const parsed = parseExpression(text)
    expect(parsed.ok && parsed.expression.outcomes).toEqual(outcomes)
  })
})

describe('work is bounded', () => {
  it('a text beyond the length limit exceeds a limit', () => {
    expect(messagesOf(`"${'x'.repeat(LIMITS.expressionLength)}"`)[0]).toContain('limit_exceeded: has 4098 characters')
  })

  it('nesting beyond a hundred levels is refused, not a stack overflow', () => {
    expect(messagesOf(`1${' + 1'.repeat(150)}`)[0]).toContain('nests deeper than 100 levels')
    expect(messagesOf(`${'['.repeat(1_500)}${']'.repeat(1_500)}`)[0]).toContain('nests too deeply')
  })

  it('comprehensions over ten thousand items are well within the budget', () => {
    const scope = scopeWith({ items })
    expect(evaluateExpression('input.items.filter(i, i.quantity == 2).map(i, i.id * 2).size()', scope)).toBe(3333)
  })

  it.each([
    'input.items.all(i, input.items.all(j, i.id >= 0 && j.id >= 0))',
    'input.items.exists(i, input.items.exists(j, i.id + j.id < 0))',
    'input.items.map(i, input.text + "x")',
    'input.text.replace("a", input.text)',
    'input.items.filter(i, i in input.items)',
    'input.text.matches("(a|b|c)*d") || input.text.matches("(a+)+e")',
  ])('%s fails instead of taking long', (text) => {
    const scope = scopeWith({ items, text: 'a'.repeat(1 << 20) })
    const before = performance.now()
    expect(() => evaluateExpression(text, scope)).toThrow(/does more work than is allowed|is too large/)
    expect(performance.now() - before).toBeLessThan(10_000)
  })

  it('rounds of nested comprehensions count, whatever they compute', () => {
    const nested = (levels: number): string =>
      levels === 0 ? 'input' : `[0,1,2,3,4,5,6,7,8,9].all(x, ${nested(levels - 1)})`
    expect(evaluateExpression(nested(3), scopeWith(true))).toBe(true)
    expect(() => evaluateExpression(nested(6), scopeWith(true))).toThrow('does more work than is allowed')
  })

  it('a needle without end is refused', () => {
    const scope = scopeWith({ text: 'ab', needle: 'a'.repeat(2_000) })
    expect(() => evaluateExpression('input.text.contains(input.needle)', scope)).toThrow('at most 1024 characters')
  })
})

describe('properties', () => {
  it('any JSON value comes back from an expression as it went in', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4, noUnicodeString: false }), (value) => {
        const plain = JSON.parse(JSON.stringify(value)) as Json
        expect(evaluateExpression('input', scopeWith(plain))).toEqual(plain)
      }),
    )
  })

  it('parsing answers for any text and never throws', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[a-z0-9 .+*<>=!&|()[\]{}"':,?-]*$/)), (text) => {
        expect(parseExpression(text)).toHaveProperty('ok')
      }),
      { numRuns: 300 },
    )
  })
})

describe('member paths', () => {
  const pathsOf = (text: string): string[] => {
    const parsed = parseExpression(text)
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
    return parsed.expression.memberPaths.map(({ stepId, path }) => [stepId ?? 'input', ...path].join('.'))
  }

  it.each<[string, string[]]>([
    ['input.a.b > 1.0', ['input.a.b', 'input.a']],
    ['steps.a.output.items[0].x', ['a.items.0.x', 'a.items.0', 'a.items']],
    ['steps["a-b"].output["c d"]', ['a-b.c d']],
    ['input.list.filter(x, x.y == input.z)', ['input.list', 'input.z']],
    ['[{"a": 1}].map(input, input.a)', []],
    ['input[input.key]', ['input.key']],
    ['steps.a.status == "failed" || context.x == order.y', []],
    ['has(input.a.b) && input.a.b.c == 1.0', ['input.a']],
  ])('%s', (text, paths) => {
    expect(pathsOf(text)).toEqual(paths)
  })
})
