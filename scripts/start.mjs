// npm start: from a fresh clone to a running service. Node built-ins only, until the packages are there.
import { build, installPackages, requireNode } from './install.mjs'

requireNode()
installPackages()
build()

// Who asked npm to start us stops us by stopping npm; where npm is killed, it cannot pass that on.
const parent = process.ppid
if (process.env.npm_lifecycle_event === 'start') {
  setInterval(() => {
    if (process.ppid !== parent) process.kill(process.pid, 'SIGTERM')
  }, 1000).unref()
}

const { serve } = await import('../dist/src/dev/serve.js')
serve()
