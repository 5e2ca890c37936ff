import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createLogger } from '../src/log.ts'
import { checkAgainstSchema } from '../src/workflow/input.ts'
import { actionContext } from '../test/support/action-context.ts'
import { PermanentError, type AnyAction } from './action.ts'
import { loadActions } from './registry.ts'

const log = createLogger('test', 'silent')

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-actions-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

async function load(files: Record<string, string>) {
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
  return loadActions({ folder, log })
}

/** A file that exports an action of that name; `rest` follows the declaration. */
function actionFile(name: string, rest = ''): string {
  return `import { defineAction, z } from 'sluice'
export const it = defineAction({ name: '${name}', description: '', input: z.unknown(), output: z.null(), run: async () => null })
${rest}`
}

function requireRun(action: AnyAction | undefined) {
  if (action?.kind !== 'action') throw new Error('not an action')
  return action.run.bind(action)
}

describe('built-in actions', () => {
  test('every file of workers/actions is found, with JSON Schemas of what its actions accept and give', async () => {
    const registry = await loadActions({ log })

    const names = registry.list().map((entry) => entry.action.name)
    expect(names).toEqual(names.toSorted())
    expect(names).toEqual(
      expect.arrayContaining([
        'validate_order',
        'charge_payment',
        'ship_order',
        'refund_payment',
        'detect_outliers',
        'verdict',
      ]),
    )
    const outliers = registry.list().find((entry) => entry.action.name === 'detect_outliers')
    expect(outliers).toMatchObject({ builtIn: true, outputSchema: { type: 'object' } })
    expect(outliers?.source).toMatch(/actions\/manufacturing\.ts$/)
    expect(registry.get('charge_payment')?.kind).toBe('transaction')
    expect(registry.get('no_such_action')).toBeUndefined()
  })
})

describe("a user's folder", () => {
  test('TypeScript files are loaded, types and all, and share our PermanentError and zod', async () => {
    const registry = await load({
      'greet.ts': `import { defineAction, PermanentError, z, type ActionContext } from 'sluice'
import { z as zodOfTheirs } from 'zod'
interface Greeting { text: string }
export const greet = defineAction({
  name: 'greet',
  description: 'Says hello',
  input: z.object({ name: zodOfTheirs.string(), at: z.string().optional() }),
  output: z.object({ text: z.string() }),
  run: async ({ input }: ActionContext<{ name: string }>): Promise<Greeting> => {
    if (input.name === '') throw new PermanentError('nobody to greet', { code: 'nobody' })
    return { text: \`Hello, \${input.name}\` as string }
  },
})
`,
    })

    const run = requireRun(registry.get('greet'))
    await expect(run(actionContext({ name: 'Ada' }))).resolves.toEqual({ text: 'Hello, Ada' })
    await expect(run(actionContext({ name: '' }))).rejects.toBeInstanceOf(PermanentError)
    expect(registry.list().find((entry) => entry.action.name === 'greet')).toMatchObject({
      builtIn: false,
      source: join(folder, 'greet.ts'),
      inputSchema: { type: 'object', required: ['name'], properties: { name: { type: 'string' } } },
    })
  })

  test('JavaScript files are loaded, as ES modules and as CommonJS', async () => {
    const commonJs = `const { defineTransaction, z } = require('sluice')
module.exports = { note: defineTransaction({ name: 'note', description: '', input: z.any(), output: z.null(), transaction: async () => null }) }
`
    const registry = await load({
      'a.mjs': actionFile('a'),
      'b.js': actionFile('b'),
      'c.js': commonJs,
      'd.mts': actionFile('d'),
    })

    for (const name of ['a', 'b', 'd']) expect(registry.get(name)?.kind).toBe('action')
    expect(registry.get('note')?.kind).toBe('transaction')
  })

  test('a file may take code from a subfolder and await at its top level', async () => {
    await mkdir(join(folder, 'shared'))
    await writeFile(join(folder, 'shared', 'name.ts'), `export const name: string = 'composed'`)
    const registry = await load({
      'composed.ts': `import { defineAction, z } from 'sluice'
import { name } from './shared/name.ts'
await Promise.resolve()
export default defineAction({ name, description: '', input: z.unknown(), output: z.null(), run: async () => null })
`,
    })

    expect(registry.get('composed')).toBeDefined()
  })

  test('declarations, tests and other files are passed over', async () => {
    const registry = await load({
      'one.ts': actionFile('one'),
      'one.test.ts': `throw new Error('a test ran')`,
      'one.d.ts': `declare const nothing: never`,
      'notes.md': '# Notes',
      'data.json': '{}',
    })

    expect(registry.get('one')).toBeDefined()
  })

  test('an action that is exported under two names, or from two files, counts once', async () => {
    const registry = await load({
      'a.ts': actionFile('once', 'export default it'),
      'b.ts': `export { it } from './a.ts'`,
    })

    expect(registry.list().filter((entry) => entry.action.name === 'once')).toHaveLength(1)
  })

  test('an action that does without input says so, whatever input it takes', async () => {
    const registry = await load({
      'ping.ts': actionFile('ping').replace('z.unknown()', 'z.object({ host: z.string() }).optional()'),
    })

    const schema = registry.list().find((entry) => entry.action.name === 'ping')?.inputSchema ?? null
    expect([{}, { host: 'x' }, { host: 1 }].map((input) => checkAgainstSchema(schema, input).length > 0)).toEqual([
      false,
      false,
      true,
    ])
  })

  test('a schema that JSON Schema cannot express is left open instead of refused', async () => {
    const registry = await load({
      'dated.ts': `import { defineAction, z } from 'sluice'
export const dated = defineAction({
  name: 'dated', description: '', input: z.object({ at: z.string().transform((text) => new Date(text)), on: z.date() }),
  output: z.string().transform((text) => text.length), run: async () => 'three',
})`,
    })

    expect(registry.list().find((entry) => entry.action.name === 'dated')?.inputSchema).toMatchObject({
      properties: { at: { type: 'string' }, on: {} },
    })
  })
})

describe('what stops the start', () => {
  test('a missing folder is named, with the variable', async () => {
    const missing = join(folder, 'nowhere')
    await expect(loadActions({ folder: missing, log })).rejects.toThrow(new RegExp(`${missing}.*SLUICE_ACTIONS`))
  })

  test.each([
    [`throw new Error('no licence key')`, /bad\.ts cannot be loaded: no licence key/],
    [`export const = 3`, /bad\.ts cannot be loaded/],
    [`import 'no-such-package-of-mine'`, /bad\.ts cannot be loaded.*no-such-package-of-mine/],
  ])('a file that fails to load (%s) is named, with its error', async (text, message) => {
    await expect(load({ 'bad.ts': text })).rejects.toThrow(message)
  })

  test('a file without an action is named, with the remedy', async () => {
    await expect(load({ 'empty.ts': `export const limit = 3` })).rejects.toThrow(
      /empty\.ts exports no action.*subfolder/,
    )
  })

  test('two actions of one name are refused, and both files are named', async () => {
    await expect(load({ 'a.ts': actionFile('twice'), 'b.ts': actionFile('twice') })).rejects.toThrow(
      /b\.ts exports an action "twice" of .*a\.ts again/,
    )
  })

  test('a built-in action cannot be replaced', async () => {
    await expect(load({ 'a.ts': actionFile('ship_order') })).rejects.toThrow(
      /built-in action "ship_order" of .*orders\.ts/,
    )
  })

  test.each(['', 'has space', 'a:b', '-leading'])('the name %j is refused', async (name) => {
    await expect(load({ 'a.ts': actionFile(name) })).rejects.toThrow(/a\.ts exports an action named/)
  })

  test('a name that the format uses for a step type is refused', async () => {
    await expect(load({ 'a.ts': actionFile('http') })).rejects.toThrow(/"http", which is a step type/)
  })

  test.each([
    ['input: z.any(), output: z.any()', /"it" has no function `run`/],
    ['input: {}, output: z.any(), run: async () => null', /`input` of the action "it" is not a zod schema/],
  ])('a declaration with the members %j is refused', async (members, message) => {
    const text = `import { z } from 'sluice'\nexport const it = { kind: 'action', name: 'it', description: '', ${members} }`
    await expect(load({ 'a.ts': text })).rejects.toThrow(message)
  })
})
