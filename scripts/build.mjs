// npm run build: dist/ anew, in one step, so that what runs from it never sees half of it.
import { readdirSync, readFileSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import { ROOT, run } from './install.mjs'

const made = join(ROOT, `dist-${process.pid}`)
const old = join(ROOT, `dist-${process.pid}-old`)
const dist = join(ROOT, 'dist')
const remove = (path) => rmSync(path, { recursive: true, force: true })

process.on('exit', () => remove(made))
const begun = new Date()
// Types are checked by `npm run check`: whoever starts the service need not wait for that.
const tsc = join(ROOT, 'node_modules/typescript/bin/tsc')
run(process.execPath, [tsc, '-p', 'tsconfig.build.json', '--noCheck', '--outDir', made])
run(process.execPath, [
  join(ROOT, 'node_modules/vite/bin/vite.js'),
  'build',
  'dashboard',
  '--outDir',
  join(made, 'dashboard'),
  '--logLevel',
  'warn',
])
compressFiles(join(made, 'dashboard'))
// As old as the begin: what was saved during the build is built next time.
writeFileSync(join(made, '.built'), begun.toISOString())
utimesSync(join(made, '.built'), begun, begun)
try {
  renameSync(dist, old)
} catch (error) {
  if (error.code !== 'ENOENT') throw error
}
renameSync(made, dist)
remove(old)

/** Beside each file of text its compressed twins, so that nothing has to be compressed while someone waits. */
function compressFiles(folder) {
  const names = readdirSync(folder, { recursive: true }).filter((name) => /\.(css|js|svg)$/.test(name))
  for (const path of names.map((name) => join(folder, name))) {
    const content = readFileSync(path)
    writeFileSync(`${path}.gz`, gzipSync(content, { level: 9 }))
    writeFileSync(`${path}.br`, brotliCompressSync(content, { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } }))
  }
}
