import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { createLogger } from '../src/log.ts'
import { PACKAGE_ROOT } from '../src/package-root.ts'
import { checkInput } from '../src/workflow/input.ts'
import { executableProblems } from '../src/workflow/validate-executable.ts'
import { validateDefinition, type Validation } from '../src/workflow/validate.ts'
import { actionContext } from '../test/support/action-context.ts'
import { analyzeTrends, detectOutliers, synthesize, verdict } from './actions/manufacturing.ts'
import { loadActions, type ActionRegistry } from './registry.ts'

const folder = join(PACKAGE_ROOT, 'examples')
const files = (await readdir(folder)).filter((name) => name.endsWith('.json'))

let registry: ActionRegistry
beforeAll(async () => {
  registry = await loadActions({ log: createLogger('test', 'silent') })
})

async function readExample(name: string): Promise<unknown> {
  return JSON.parse(await readFile(join(folder, name), 'utf8'))
}

async function validate(name: string): Promise<Extract<Validation, { valid: true }>> {
  const actions = new Map(registry.list().map((entry) => [entry.action.name, entry]))
  const validation = validateDefinition(await readExample(name), { actions })
  if (!validation.valid) throw new Error(`${name}: ${JSON.stringify(validation.errors, null, 2)}`)
  return validation
}

test('the README names every example, and each that it names is there', async () => {
  const readme = await readFile(join(folder, 'README.md'), 'utf8')
  const named = [...readme.matchAll(/^\| \[[^\]]*\]\(([^)]+\.json)\)/gm)].map(([, name]) => name ?? '')
  expect(named.toSorted()).toEqual(files.toSorted())
})

test.each(files)('%s is valid with the built-in actions, can run, and is named like its file', async (name) => {
  const { definition } = await validate(name)
  expect(executableProblems(definition)).toEqual([])
  expect(`${definition.name}.json`).toBe(name)
})

test('the example of an action of your own loads', async () => {
  const own = await loadActions({ folder: join(folder, 'actions'), log: createLogger('test', 'silent') })
  const greet = own.get('greet')
  if (greet?.kind !== 'action') throw new Error('greet is missing')
  const input: unknown = greet.input.parse({ name: 'Ada' })
  await expect(greet.run(actionContext(input))).resolves.toEqual({ text: 'Hello, Ada' })
})

describe('manufacturing-analysis', () => {
  test('the sample data give a warning: pressure has a spike, vibration creeps up', async () => {
    const input = await readExample('data/manufacturing-sample.json')
    const outliers = await detectOutliers.run(actionContext(input))
    const trends = await analyzeTrends.run(actionContext(input))
    const result = await verdict.run(actionContext(await synthesize.run(actionContext({ outliers, trends }))))
    expect(result.verdict).toBe('WARNING')
    expect(result.findings.map(({ sensor, rule }) => [sensor, rule])).toEqual([
      ['pressure', 'extreme_outlier'],
      ['vibration', 'trend'],
    ])
    expect(result.sensors['temperature']?.verdict).toBe('PASS')
  })

  test.each([
    [{}, '/input'],
    [[], '/input'],
    ['text', '/input'],
    [{ sensors: {} }, '/input/sensors'],
    [{ sensors: { temperature: [1, 'x'] } }, '/input/sensors/temperature/1'],
    [{ readings: [] }, '/input/readings'],
  ])('the input %j is refused before a run is made', async (input, path) => {
    const { definition } = await validate('manufacturing-analysis.json')
    expect(checkInput(definition.input_schema, input).map((problem) => problem.path)).toContain(path)
  })

  test.each([
    [{ machine: 'M1', sensors: { temperature: [1, 2], pressure: { values: [1], unit: 'bar' } } }],
    [{ readings: [{ sensor: 'a', value: 1 }] }],
    [{ temperature: [1, 2, 3] }],
    [[{ temperature: 1, pressure: 2 }]],
  ])('the input %j is accepted', async (input) => {
    const { definition } = await validate('manufacturing-analysis.json')
    expect(checkInput(definition.input_schema, input)).toEqual([])
  })
})
