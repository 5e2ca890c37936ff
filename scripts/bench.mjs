// npm run bench -- --suite floor: the benchmarks of docs/benchmarks.md, on what is built of the sources as they are.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { build, installPackages, requireNode, ROOT } from './install.mjs'
import { requireRedis } from './redis.mjs'

requireNode()
installPackages()
build()
// What Sluice is measured against is no part of it: installed only for who asks.
if (process.argv.some((argument) => /\b(peers|all)\b/.test(argument))) installPackages('bench/peers')
const child = spawn(
  process.execPath,
  ['--import', 'tsx', join(ROOT, 'bench/run.ts'), ...process.argv.slice(2)],
  // The channel tells the benchmark of our end, whatever it is, so that it clears everything away.
  {
    cwd: ROOT,
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    env: { ...process.env, SLUICE_REDIS_SERVER: requireRedis() },
  },
)
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal))
child.on('exit', (status) => process.exit(status ?? 1))
