// npm start: from a fresh clone to a running service. Node built-ins only, until the packages are there.
import { build, installPackages, requireNode } from './install.mjs'

requireNode()
installPackages()
build()

// Who asked npm to start us stops us by stopping npm, which hands on SIGINT and SIGTERM (to us and not to a shell, by the
// exec of package.json), but cannot hand on SIGKILL. Started directly, we may well outlive whoever did that.
const parent = process.ppid
if (process.env.npm_lifecycle_event === 'start') {
  setInterval(() => {
    if (process.ppid !== parent) process.kill(process.pid, 'SIGTERM')
  }, 500).unref()
}

const { serve } = await import('../dist/src/dev/serve.js')
serve()
