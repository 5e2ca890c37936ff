import { writeFile } from 'node:fs/promises'
import { createLifecycle, runMain } from '../src/lifecycle.ts'
import { createLogger } from '../src/log.ts'
import { longestMs, runExperiment } from './experiment.ts'
import { parseOptions } from './options.ts'
import { describeReport } from './report.ts'

/** How long all may take to stop, however little of it answers. */
const STOP_WITHIN_MS = 90_000

/**
 * `npm run chaos`: the whole service under load while its processes and stores are killed, paused, emptied, filled and cut
 * off, by a schedule that its seed decides; then a check of all that is left. Exit code 1 where anything is found.
 * docs/guides/chaos.md tells of the flags.
 */
runMain(async () => {
  const options = parseOptions(process.argv.slice(2))
  const lifecycle = createLifecycle({ log: createLogger('chaos', 'fatal'), deadlineMs: STOP_WITHIN_MS })
  console.log(`seed ${options.seed}: \`npm run chaos -- ${flagsOf(options)}\` replays this schedule`)
  const running = runExperiment(options, lifecycle.signal, console.log)
  lifecycle.onStop('the experiment', () =>
    running.catch((error: unknown) => {
      console.error('ended before its time: nothing has been checked')
      throw error
    }),
  )
  setTimeout(() => void lifecycle.stop('the experiment hangs', 1), longestMs(options)).unref()
  try {
    const report = await running
    console.log(`\n${describeReport(report)}`)
    if (options.jsonFile !== undefined) await writeFile(options.jsonFile, `${JSON.stringify(report, null, 2)}\n`)
    await lifecycle.stop('all is done', report.findings.length === 0 ? 0 : 1)
  } catch (error) {
    if (!lifecycle.signal.aborted) console.error(error)
    await lifecycle.stop('the experiment failed', 1)
  }
})

function flagsOf(options: ReturnType<typeof parseOptions>): string {
  const { seed, durationMs, backend, sequencing, apis, workers, lockMs, rate, herd } = options
  return `--seed ${seed} --seconds ${durationMs / 1_000} --backend ${backend} --sequencing ${sequencing} --apis ${apis} --workers ${workers} --lock-ms ${lockMs} --rate ${rate} --herd ${herd}`
}
