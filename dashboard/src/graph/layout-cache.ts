import type { Layout, LayoutInput } from './layout.ts'

/** So many layouts stay in memory, and in the tab's storage where they are up to so long. */
const MOST = 24
const MOST_TEXT = 200_000
const PREFIX = 'sluice-layout-'

/** Part of the browser's storage that the cache needs. */
export type LayoutStorage = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>

/** Layouts by what they are of: the same steps and edges are laid out once, in this tab and after a reload of it. */
export class LayoutCache {
  private readonly known = new Map<string, Layout>()
  private readonly storage: LayoutStorage | undefined

  constructor(storage: LayoutStorage | undefined) {
    this.storage = storage
  }

  get(key: string): Layout | undefined {
    const known = this.known.get(key)
    if (known !== undefined) return known
    const read = readLayout(this.storage?.getItem(PREFIX + key))
    if (read !== undefined) this.known.set(key, read)
    return read
  }

  set(key: string, layout: Layout): void {
    this.known.set(key, layout)
    const [oldest] = this.known.keys()
    if (this.known.size > MOST && oldest !== undefined) {
      this.known.delete(oldest)
      this.storage?.removeItem(PREFIX + oldest)
    }
    const text = JSON.stringify(layout)
    if (text.length > MOST_TEXT) return
    try {
      this.storage?.setItem(PREFIX + key, text)
    } catch {
      // The storage is full: the next reload lays out anew.
    }
  }
}

function readLayout(text: string | null | undefined): Layout | undefined {
  if (text === null || text === undefined) return undefined
  try {
    return JSON.parse(text) as Layout
  } catch {
    return undefined
  }
}

/** Names a layout by what goes into it: two 32-bit FNV-1a hashes of it, which differ in their seeds. */
export function layoutKey(input: LayoutInput): string {
  const text = JSON.stringify([
    input.direction,
    input.nodes.map(({ id, width, height }) => [id, width, height]),
    input.edges.map(({ from, to }) => [from, to]),
  ])
  return `${fnv(text, 0x811c9dc5)}${fnv(text, 0x01000193)}-${input.nodes.length}`
}

function fnv(text: string, seed: number): string {
  let hash = seed
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  return (hash >>> 0).toString(36)
}
