import { randomInt } from 'node:crypto'
import { describe, test } from 'vitest'
import { kindsOf } from '../../chaos/schedule.ts'
import type { Report } from '../../chaos/report.ts'
import { runReporting } from '../support/reporting.ts'

/** Short, and with locks as short, so that workers are paused for longer than those last. */
const SHORT = ['--seconds', '17', '--lock-ms', '1500', '--rate', '8', '--workers', '2']

/** It ends by itself before, however slow the machine. */
const LONGEST_MS = 330_000

describe.concurrent('under load, with every kind of fault, nothing is lost, repeated or left over', () => {
  test.for([
    ['a fixed seed', 1],
    ['a random seed', randomInt(1, 1_000_000_000)],
  ] as const)('%s, on Redis', { timeout: LONGEST_MS }, async ([, seed], { expect }) => {
    const flags = [...SHORT, '--seed', String(seed)]
    const { end, printed, left, ...told } = await runReporting('chaos/run.ts', flags)
    const report = told.report as Report | null
    expect(report?.findings, printed).toEqual([])
    expect({ end, left }, printed).toEqual({ end: 0, left: [] })
    expect(new Set(report?.faults.map(({ kind }) => kind))).toEqual(new Set(kindsOf('redis')))
    // Else there was nothing to hit, and the test shows nothing.
    expect(report?.counts.effects, printed).toBeGreaterThan(0)
  })
})
