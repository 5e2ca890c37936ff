// npm test: everything, on a fresh clone. Arguments go to vitest: npm test -- --project unit src/workflow
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { obtainChromium } from './chromium.mjs'
import { build, installPackages, requireNode, ROOT } from './install.mjs'
import { requireRedis } from './redis.mjs'

requireNode()
installPackages()
build()
const redis = requireRedis()
const chromium = obtainChromium()
// Without a browser the rest; said at the end, too, where it is seen.
const withoutBrowser = chromium === null ? ['--project', '!browser'] : []

const results = join(ROOT, `.cache/test-results-${process.pid}.json`)
mkdirSync(join(ROOT, '.cache'), { recursive: true })
const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${results}`]
const { status } = spawnSync(
  process.execPath,
  [join(ROOT, 'node_modules/vitest/vitest.mjs'), 'run', ...reporters, ...withoutBrowser, ...process.argv.slice(2)],
  { cwd: ROOT, stdio: ['ignore', 'inherit', 'inherit'], env: { ...process.env, SLUICE_REDIS_SERVER: redis } },
)
const { passed, failed, skipped } = count()
if (chromium === null) console.log('Not run for want of a Chromium: the tests of the dashboard')
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`)
process.exit(status === 0 && failed === 0 ? 0 : 1)

/** A file that could not be read to its end counts as one failed test; so does an error outside of any test. */
function count() {
  try {
    const report = JSON.parse(readFileSync(results, 'utf8'))
    const broken = report.testResults.filter(
      (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
    )
    const failures = report.numFailedTests + broken.length
    return {
      passed: report.numPassedTests,
      failed: failures === 0 && status !== 0 ? 1 : failures,
      skipped: report.numPendingTests + report.numTodoTests,
    }
  } catch (error) {
    console.error(`vitest left no results: ${error.message}`)
    return { passed: 0, failed: 1, skipped: 0 }
  } finally {
    rmSync(results, { force: true })
  }
}
