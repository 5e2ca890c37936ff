import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startProcess } from './processes.ts'

/**
 * Runs a program of ours to its end that writes a report (`--json`), with a temporary folder of its own; `report`: null
 * where it wrote none. `left`: what it has not cleared away there.
 */
export async function runReporting(program: string, flags: readonly string[]) {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-reporting-'))
  try {
    const temporary = await mkdtemp(join(folder, 'tmp-'))
    const json = join(folder, 'report.json')
    const child = startProcess(['--import', 'tsx', program, ...flags, '--json', json], { TMPDIR: temporary })
    const end = await child.exited
    const report = await readFile(json, 'utf8').catch(() => null)
    return {
      end,
      printed: child.lines.join('\n'),
      report: report === null ? null : (JSON.parse(report) as unknown),
      left: (await readdir(temporary)).filter((name) => name.startsWith('sluice')),
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
