import { randomInt } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { kindsOf } from '../../chaos/schedule.ts'
import type { Report } from '../../chaos/report.ts'
import { startProcess } from '../support/processes.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-chaos-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** Short, and with locks as short, so that workers are paused for longer than those last. */
const SHORT = ['--seconds', '17', '--lock-ms', '1500', '--rate', '8', '--workers', '2']

/** It ends by itself before, however slow the machine. */
const LONGEST_MS = 330_000

/** `npm run chaos`, in a temporary folder of its own, which must be empty afterwards. */
async function runChaos(name: string, flags: readonly string[]) {
  const temporary = await mkdtemp(join(folder, 'tmp-'))
  const json = join(folder, `${name}.json`)
  const command = ['--import', 'tsx', 'chaos/run.ts', ...SHORT, ...flags, '--json', json]
  const child = startProcess(command, { TMPDIR: temporary })
  const end = await child.exited
  const report = await readFile(json, 'utf8').catch(() => null)
  return {
    end,
    printed: child.lines.join('\n'),
    report: report === null ? null : (JSON.parse(report) as Report),
    left: (await readdir(temporary)).filter((name) => name.startsWith('sluice')),
  }
}

describe.concurrent('under load, with every kind of fault, nothing is lost, repeated or left over', () => {
  test.for([
    ['a fixed seed', 1],
    ['a random seed', randomInt(1, 1_000_000_000)],
  ] as const)('%s, on Redis', { timeout: LONGEST_MS }, async ([name, seed], { expect }) => {
    const { end, printed, report, left } = await runChaos(name, ['--seed', String(seed)])
    expect(report?.findings, printed).toEqual([])
    expect({ end, left }, printed).toEqual({ end: 0, left: [] })
    expect(new Set(report?.faults.map(({ kind }) => kind))).toEqual(new Set(kindsOf('redis')))
    // Else there was nothing to hit, and the test shows nothing.
    expect(report?.counts.effects, printed).toBeGreaterThan(0)
  })
})
