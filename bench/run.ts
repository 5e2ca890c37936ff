import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { ratios, summarise, tableOf, type SuiteResult } from './harness/figures.ts'
import { describeMachine } from './harness/machine.ts'
import { startStack, type Stack } from './harness/stack.ts'
import type { SuiteOptions } from './harness/suite.ts'
import { floorSuite } from './suites/floor.ts'
import { peersSuite } from './suites/peers.ts'
import { profile } from './suites/profile.ts'
import { scaleSuite } from './suites/scale.ts'
import { streamsSuite } from './suites/streams.ts'
import { submissionSuite } from './suites/submission.ts'

/**
 * `npm run bench`: see docs/benchmarks.md. Every figure is measured in the same run as those it is compared with, in
 * alternating order; only ratios mean anything beyond the machine.
 */

const SUITES: Record<string, (stack: Stack, options: SuiteOptions) => Promise<SuiteResult>> = {
  floor: floorSuite,
  peers: peersSuite,
  submission: submissionSuite,
  scale: scaleSuite,
  streams: streamsSuite,
}

const { values: flags } = parseArgs({
  options: {
    suite: { type: 'string', default: 'floor' },
    quick: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    only: { type: 'string', default: '' },
    steps: { type: 'string' },
    before: { type: 'string' },
    json: { type: 'string' },
    profile: { type: 'string' },
  },
})

const suites = flags.suite === 'all' ? Object.keys(SUITES) : flags.suite.split(',')
for (const name of suites) {
  if (SUITES[name] === undefined) fail(`--suite is one of ${Object.keys(SUITES).join(', ')} or all, not "${name}"`)
}
const usual = flags.quick ? { rounds: '3', steps: '1500' } : { rounds: '5', steps: '6000' }
const options: SuiteOptions = {
  rounds: wholeNumber('rounds', flags.rounds ?? usual.rounds),
  steps: wholeNumber('steps', flags.steps ?? usual.steps),
  only: flags.only,
  before: flags.before,
  report(measure) {
    const figures = measure.samples.map((sample) => {
      const ratio = ratios(measure, sample).median.toFixed(2)
      return `${sample.contestant} ${summarise(sample.values).median.toPrecision(4)} (${ratio})`
    })
    console.error(`${measure.name}, ${measure.unit}: ${figures.join(' | ')}`)
  },
}

const stack = await startStack({ statements: flags.profile !== undefined })
// The other processes end with us; the stores and their folder are ours to clear away.
const clearAway = () => void stack.stop().finally(() => process.exit(1))
for (const event of ['SIGINT', 'SIGTERM', 'disconnect'] as const) process.once(event, clearAway)
process.channel?.unref()
try {
  if (flags.profile === undefined) await measure()
  else await profile(stack, options, resolve(flags.profile))
} finally {
  await stack.stop()
}

async function measure(): Promise<void> {
  const machine = await describeMachine(stack)
  const results: SuiteResult[] = []
  for (const name of suites) {
    const result = await SUITES[name]!(stack, options)
    console.log(`\n## ${name}\n\n${tableOf(result)}`)
    results.push(result)
    if (flags.json === undefined) continue
    // After each suite: what a later one may lose is not lost with it.
    await mkdir(dirname(resolve(flags.json)), { recursive: true })
    const { rounds, only, steps } = options
    await writeFile(flags.json, `${JSON.stringify({ machine, options: { rounds, only, steps }, results }, null, 2)}\n`)
  }
}

function wholeNumber(name: string, text: string): number {
  return /^[1-9]\d{0,6}$/.test(text) ? Number(text) : fail(`--${name} is a whole number above 0, not "${text}"`)
}

function fail(message: string): never {
  console.error(message)
  process.exit(2)
}
