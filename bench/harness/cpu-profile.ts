import { readFile } from 'node:fs/promises'
import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { PACKAGE_ROOT } from '../../src/package-root.ts'

/** The part of V8's profile that is read here. */
interface CpuProfile {
  nodes: { id: number; callFrame: { functionName: string; url: string; lineNumber: number } }[]
  samples: number[]
  timeDeltas: number[]
}

/** The functions of a `.cpuprofile` with the most time of their own: ms, part of what was not idle, name and place. */
export async function topFunctions(file: string, count: number): Promise<string[][]> {
  const profile = JSON.parse(await readFile(file, 'utf8')) as CpuProfile
  const nameOf = new Map(profile.nodes.map((node) => [node.id, describe(node.callFrame)]))
  const selfMs = new Map<string, number>()
  profile.samples.forEach((id, index) => {
    const name = nameOf.get(id)!
    selfMs.set(name, (selfMs.get(name) ?? 0) + profile.timeDeltas[index]! / 1_000)
  })
  selfMs.delete('(idle)')
  const total = [...selfMs.values()].reduce((sum, ms) => sum + ms, 0)
  return [...selfMs]
    .sort(([, one], [, other]) => other - one)
    .slice(0, count)
    .map(([name, ms]) => [ms.toFixed(1), ((100 * ms) / total).toFixed(1), name])
}

function describe({ functionName, url, lineNumber }: CpuProfile['nodes'][number]['callFrame']): string {
  const place = url.startsWith('file:') ? relative(PACKAGE_ROOT, fileURLToPath(url)) : url
  return place === '' ? functionName : `${functionName || '(anonymous)'} ${place}:${lineNumber + 1}`
}
