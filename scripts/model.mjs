// npm run model -- --runs 1000 --seed 7: that many random sequences of commands on each backend (test/model). The same seed
// gives the same workflows and commands again, though not the same timing. --backend redis or postgres: only that one;
// --sequencing step or segment: all workflows so, else some.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { build, installPackages, requireNode, ROOT } from './install.mjs'
import { requireRedis } from './redis.mjs'

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '200' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 1_000_000)) },
    backend: { type: 'string' },
    sequencing: { type: 'string' },
  },
})
for (const name of ['runs', 'seed']) {
  if (!/^\d{1,9}$/.test(values[name])) throw new Error(`--${name} must be a whole number, but is "${values[name]}"`)
}

requireNode()
installPackages()
build()
const environment = {
  SLUICE_REDIS_SERVER: requireRedis(),
  MODEL_RUNS: values.runs,
  MODEL_SEED: values.seed,
  ...(values.backend === undefined ? {} : { MODEL_BACKEND: values.backend }),
  ...(values.sequencing === undefined ? {} : { MODEL_SEQUENCING: values.sequencing }),
}
console.log(`seed ${values.seed}`)
const { status } = spawnSync(
  process.execPath,
  [join(ROOT, 'node_modules/vitest/vitest.mjs'), 'run', '--project', 'model'],
  { cwd: ROOT, stdio: ['ignore', 'inherit', 'inherit'], env: { ...process.env, ...environment } },
)
process.exit(status ?? 1)
