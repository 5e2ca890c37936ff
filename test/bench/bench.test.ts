import { readdir } from 'node:fs/promises'
import { expect, test } from 'vitest'
import type { Measure, SuiteResult } from '../../bench/harness/figures.ts'
import { runReporting } from '../support/reporting.ts'

/**
 * What can be told of speed without a clock: that the benchmark measures what it says, and what a step costs in counts, which are
 * the same on every machine.
 */

/** `npm run bench`, which must clear away all that it has put into its temporary folder. */
async function bench(...flags: readonly string[]) {
  const { end, printed, report, left } = await runReporting('bench/run.ts', flags)
  if (end !== 0 || left.length > 0) throw new Error(`it ended with ${end} and left ${left.join(', ')}:\n${printed}`)
  const { results } = report as { results: SuiteResult[] }
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
