import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Measure, SuiteResult } from '../../bench/harness/figures.ts'
import { startProcess } from '../support/processes.ts'

/**
 * What can be told of speed without a clock: that the benchmark measures what it says, and what a step costs in counts, which are
 * the same on every machine.
 */

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bench-test-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** `npm run bench`, in a temporary folder of its own, which must be empty afterwards. */
async function bench(...flags: readonly string[]) {
  const temporary = await mkdtemp(join(folder, 'tmp-'))
  const json = join(folder, 'figures.json')
  const child = startProcess(['--import', 'tsx', 'bench/run.ts', ...flags, '--json', json], { TMPDIR: temporary })
  const end = await child.exited
  const printed = child.lines.join('\n')
  const left = (await readdir(temporary)).filter((name) => name.startsWith('sluice'))
  if (end !== 0 || left.length > 0) throw new Error(`it ended with ${end} and left ${left.join(', ')}:\n${printed}`)
  const { results } = JSON.parse(await readFile(json, 'utf8')) as { results: SuiteResult[] }
  return { printed, measures: results.flatMap(({ measures }) => measures) }
}

const contestantsOf = ({ samples }: Measure) => samples.map(({ contestant }) => contestant)

test('the floor is measured with each load, and every figure of every round is kept and shown', async () => {
  const { printed, measures } = await bench('--suite', 'floor', '--rounds', '2', '--steps', '150')
  const names = measures.map(({ name }) => name.replace(/,.*/, ''))
  const dags = (await readdir('test/data/dags')).map((file) => file.replace('.json', ''))
  expect(new Set(names)).toEqual(new Set(['chain-10', 'fan-out-100', ...dags, 'single-step latency']))
  for (const measure of measures) {
    expect(contestantsOf(measure).slice(0, 2)).toEqual(['bare BullMQ', 'Sluice'])
    for (const { values } of measure.samples) {
      expect(values).toHaveLength(2)
      expect(Math.min(...values)).toBeGreaterThan(0)
    }
    expect(printed).toContain(`| ${measure.name}, ${measure.unit} `)
  }
  expect(measures.filter((measure) => contestantsOf(measure).includes('Sluice, segments'))).toHaveLength(1)
})

test('a step costs Redis no more than on bare BullMQ, a tenth of it in segments, and Postgres no more than it did', async () => {
  const { measures } = await bench('--suite', 'scale', '--only', 'costs', '--rounds', '1', '--steps', '1000')
  const costOf = (measure: string) => {
    const { samples } = measures.find(({ name }) => name.startsWith(measure))!
    return Object.fromEntries(samples.map(({ contestant, values }) => [contestant, values[0]!]))
  }
  const scripts = costOf('scripts in Redis')
  expect(scripts['Sluice']).toBeLessThan(scripts['bare BullMQ']! * 1.05)
  expect(scripts['Sluice, segments']).toBeLessThan(scripts['bare BullMQ']! / 8)
  // 770 kB when this was written. An index on a column that changes with a step's status makes it more than 900.
  expect(costOf("Postgres's log")['Sluice']).toBeLessThan(850)
})
