// npm run chaos -- --minutes 5 --seed 7: the service under load and faults, from a fresh clone (chaos/run.ts).
import { build, installPackages, requireNode } from './install.mjs'
import { requireRedis } from './redis.mjs'

requireNode()
installPackages()
build()
const flags = process.argv.slice(2).join(' ')
if (!/--backend[ =]postgres/.test(flags)) process.env.SLUICE_REDIS_SERVER = requireRedis()

// In this process, so that Ctrl-C is heard by nobody in between.
const { register } = await import('tsx/esm/api')
register()
await import('../chaos/run.ts')
