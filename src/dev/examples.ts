import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { messageOf } from '../errors.ts'
import type { Logger } from '../log.ts'

/**
 * Registers every workflow definition that stands in `folder` (not below it) with the API at `origin`; a definition that
 * is registered already stays as it is. What the API refuses is logged. Answers the names, in order.
 */
export async function registerExamples(folder: string, origin: string, log: Logger): Promise<string[]> {
  const files = (await readdir(folder)).filter((file) => file.endsWith('.json')).toSorted()
  const names: string[] = []
  for (const file of files) {
    try {
      const text = await readFile(join(folder, file), 'utf8')
      if (!isDefinition(JSON.parse(text))) continue
      names.push(await register(text, origin))
    } catch (error) {
      log.warn({ file }, `an example was not registered: ${messageOf(error)}`)
    }
  }
  return names
}

async function register(definition: string, origin: string): Promise<string> {
  const response = await fetch(`${origin}/api/v1/workflows`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: definition,
  })
  const answer = await response.text()
  if (!response.ok) throw new Error(`${response.status} ${answer.slice(0, 2000)}`)
  return (JSON.parse(answer) as { name: string }).name
}

function isDefinition(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'name' in value && 'steps' in value
}
