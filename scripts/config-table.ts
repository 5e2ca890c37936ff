// npm run docs:config: writes the table of variables into the README; with --check, only says whether it is current.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CONFIG_TABLE } from '../src/config.ts'
import { PACKAGE_ROOT } from '../src/package-root.ts'

const BEGIN = '<!-- configuration: made by npm run docs:config -->'
const END = '<!-- /configuration -->'

const rows = CONFIG_TABLE.map(({ name, default: value, description }) => {
  return [`\`${name}\``, value === undefined || value === '' ? '' : `\`${value}\``, description.replaceAll('|', '\\|')]
})
const header = ['Variable', 'Default', 'Meaning']
const widths = header.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)))
const line = (cells: string[]) => `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`
const table = [line(header), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n')

const file = join(PACKAGE_ROOT, 'README.md')
const text = readFileSync(file, 'utf8')
const [before, rest] = text.split(BEGIN)
const after = rest?.split(END)[1]
if (before === undefined || after === undefined) {
  throw new Error(`README.md has no lines "${BEGIN}" and "${END}", between which the table belongs`)
}
const current = `${before}${BEGIN}\n\n${table}\n\n${END}${after}`
if (!process.argv.includes('--check')) writeFileSync(file, current)
else if (current !== text) {
  console.error('The table of variables in README.md is not that of src/config.ts: run npm run docs:config')
  process.exitCode = 1
}
