import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** A Chromium for what needs a browser: the one of this machine, else, as root, Debian's. Node built-ins only. */

/** The headless shell first: it does half the work, having no windows. */
const NAMES = ['chromium-headless-shell', 'chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']
const ON_MACS = '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome'

const REMEDY = `The tests of the dashboard need a Chromium. Any of these helps:
  Debian, Ubuntu   sudo apt-get install chromium
  Fedora           sudo dnf install chromium
  macOS            brew install --cask google-chrome
  elsewhere        name the program: SLUICE_CHROMIUM=/path/to/chromium npm test`

/** The path of a Chromium; throws with the remedy where there is none. */
export function requireChromium() {
  const found = findChromium()
  if (found === null) throw new Error(REMEDY)
  return found
}

/**
 * The path of a Chromium, installed where that is possible. In CI exits with the remedy where it is not; elsewhere says
 * it and returns null: whatever needs no browser can be tested all the same.
 */
export function obtainChromium() {
  const found = findChromium() ?? (process.getuid?.() === 0 && install() ? findChromium() : null)
  if (found !== null) return found
  console.error(REMEDY)
  if (process.env.CI) process.exit(1)
  return null
}

function findChromium() {
  const configured = process.env.SLUICE_CHROMIUM
  const folders = (process.env.PATH ?? '').split(delimiter)
  const candidates = configured
    ? [configured]
    : [...NAMES.flatMap((name) => folders.map((folder) => join(folder, name))), ON_MACS]
  return candidates.find((path) => existsSync(path)) ?? null
}

function install() {
  console.error('Installing chromium-headless-shell from the system’s packages…')
  const options = { stdio: ['ignore', 2, 2], env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } }
  const apt = (...args) => spawnSync('apt-get', ['-qq', ...args], options).status === 0
  return (
    apt('update') && apt('install', '-y', '--no-install-recommends', 'chromium-headless-shell', 'fonts-dejavu-core')
  )
}
