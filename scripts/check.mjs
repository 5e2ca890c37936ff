// npm run check: everything that can be said of the code without running it, two checks at a time. Names after the
// command run only those: npm run check -- lint types
import { spawn } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { installPackages, requireNode, ROOT } from './install.mjs'

requireNode()
installPackages()

const AT_ONCE = 2

const bin = (name) => join(ROOT, 'node_modules/.bin', name)
const migrations = readdirSync(join(ROOT, 'drizzle')).filter((name) => name.endsWith('.sql'))
// Where drizzle-kit may write what it thinks is missing; inside the package, since it takes relative paths only.
const generated = `.cache/check-migrations-${process.pid}`

/** The compiler of TypeScript 7, which checks in a fraction of the time; the tools that use its API want TypeScript 6. */
const tsc = join(ROOT, 'node_modules/typescript-native/bin/tsc')

/** The slowest first. `repair`: what mends it, where a command can. */
const CHECKS = [
  { name: 'lint', command: [bin('oxlint'), '--type-aware', '--max-warnings', '0'], repair: 'npm run fix' },
  {
    name: 'format',
    command: [bin('prettier'), '--check', '--cache', '--cache-location', '.cache/prettier', '--log-level', 'warn', '.'],
    repair: 'npm run fix',
  },
  { name: 'copies', command: [bin('jscpd'), '--noTips'] },
  { name: 'types of the dashboard', command: [process.execPath, tsc, '-p', 'dashboard'] },
  { name: 'types', command: [process.execPath, tsc, '--noEmit', '-p', '.'] },
  { name: 'layers', command: [bin('depcruise'), 'src', 'workers', 'dashboard', 'test', 'bench', 'chaos'] },
  { name: 'dead code', command: [bin('knip'), '--no-config-hints'] },
  {
    name: 'migrations current',
    before: () => cpSync(join(ROOT, 'drizzle'), join(ROOT, generated), { recursive: true }),
    command: [
      bin('drizzle-kit'),
      'generate',
      '--dialect',
      'postgresql',
      '--schema',
      'src/db/schema.ts',
      '--out',
      generated,
    ],
    fails: () =>
      readdirSync(join(ROOT, generated)).filter((name) => name.endsWith('.sql')).length !== migrations.length,
    repair: 'npm run db:generate',
  },
  { name: 'migrations safe', command: [bin('squawk'), ...migrations.map((name) => `drizzle/${name}`)] },
  {
    name: 'documentation current',
    skip: !existsSync(join(ROOT, 'README.md')),
    command: [process.execPath, '--import', 'tsx', 'scripts/config-table.ts', '--check'],
    repair: 'npm run docs:config',
  },
]

mkdirSync(join(ROOT, '.cache'), { recursive: true })
process.on('exit', () => rmSync(join(ROOT, generated), { recursive: true, force: true }))

const asked = process.argv.slice(2)
const queue = CHECKS.filter(({ name, skip }) => skip !== true && (asked.length === 0 || asked.includes(name)))
const failed = []
await Promise.all(Array.from({ length: AT_ONCE }, takeChecks))
if (failed.length > 0) {
  console.error(`\nFailed: ${failed.map(({ name }) => name).join(', ')}`)
  const repairs = new Set(failed.flatMap(({ repair }) => repair ?? []))
  for (const repair of repairs) console.error(`  ${repair}  may repair some of it`)
  process.exitCode = 1
}

async function takeChecks() {
  for (let check = queue.shift(); check !== undefined; check = queue.shift()) {
    const begin = performance.now()
    check.before?.()
    const { code, output } = await runCheck(check.command)
    const bad = code !== 0 || check.fails?.() === true
    const seconds = ((performance.now() - begin) / 1000).toFixed(1)
    console.log(`${bad ? '✗' : '✓'} ${check.name} (${seconds} s)`)
    if (!bad) continue
    failed.push(check)
    console.log(output.trimEnd())
  }
}

function runCheck([command, ...args]) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (output += data))
    child.on('error', (error) => resolve({ code: 1, output: error.message }))
    child.on('close', (code) => resolve({ code, output }))
  })
}
