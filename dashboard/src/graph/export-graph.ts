import { STATUS_LOOKS, type Tone } from '../parts/status.ts'
import { boxOf } from './edge-path.ts'
import { type DrawnNode, pathsOf } from './drawing.ts'
import { edgeStates } from './edge-state.ts'
import { stepFacts } from './step-facts.ts'
import type { StepStore } from './step-store.ts'
import type { LaidOut } from './use-layout.ts'

const MARGIN = 24
/** Pixels of the PNG for each of the drawing; a browser refuses canvases that are too large. */
const SHARPNESS = 2
const LARGEST_PX = 12_000

const COLOURS: Record<Tone, { line: string; fill: string }> = {
  gray: { line: '#7b838c', fill: '#f4f5f7' },
  blue: { line: '#2f80d8', fill: '#eaf3fd' },
  amber: { line: '#b87514', fill: '#fdf3e2' },
  violet: { line: '#8a5fd6', fill: '#f3edfd' },
  green: { line: '#2f9e50', fill: '#eaf7ee' },
  red: { line: '#d64541', fill: '#fdeaea' },
}

/** Saves the graph as it is now, all of it, as a picture on white. */
export async function saveGraph(as: 'svg' | 'png', name: string, laidOut: LaidOut, store: StepStore): Promise<void> {
  const svg = graphSvg(laidOut, store)
  const url = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`
  const file = `${name.toLowerCase().replaceAll(' ', '-')}.${as}`
  if (as === 'svg') save(url, file)
  else save(await pngUrl(url), file)
}

/** The graph as an SVG document that needs nothing else. */
export function graphSvg({ drawing, layout }: LaidOut, store: StepStore): string {
  const [width, height] = [layout.width + 2 * MARGIN, layout.height + 2 * MARGIN]
  const { stateOf } = edgeStates(drawing.model)
  const paths = pathsOf(drawing, layout)
  const edges = drawing.edges.flatMap((edge) => {
    const drawn = paths.get(edge.id)
    const state = drawing.isGrouped ? 'plain' : stateOf(edge, store.get)
    const colour = state === 'taken' ? '#2f9e50' : '#8a929b'
    const dash = state === 'skipped' ? ' stroke-dasharray="5 5"' : ''
    return drawn === undefined
      ? []
      : `<path d="${drawn.path}" fill="none" stroke="${colour}" stroke-width="1.5"${dash}/><polygon points="${drawn.head}" fill="${colour}"/>${labelOf(edge.label, drawn.middle)}`
  })
  const nodes = drawing.nodes.map((node) => nodeSvg(node, boxOf(layout, node.id, node), store))
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="${-MARGIN} ${-MARGIN} ${width} ${height}" font-family="sans-serif"><rect x="${-MARGIN}" y="${-MARGIN}" width="${width}" height="${height}" fill="#fff"/>${edges.join('')}${nodes.join('')}</svg>`
}

function labelOf(text: string | null, { x, y }: { x: number; y: number }): string {
  if (text === null) return ''
  return `<text x="${x}" y="${y - 5}" font-size="11" fill="#5c636b" text-anchor="middle">${escaped(text)}</text>`
}

function nodeSvg(drawn: DrawnNode, { x, y, width, height }: ReturnType<typeof boxOf>, store: StepStore): string {
  const step = drawn.kind === 'step' ? store.get(drawn.id) : undefined
  const look = step && STATUS_LOOKS[step.status]
  const { line, fill } = COLOURS[look?.tone ?? 'gray']
  const facts =
    drawn.kind === 'group'
      ? [`${drawn.group.steps.length} steps`]
      : step === undefined
        ? [drawn.node.does]
        : stepFacts(step)
  const name = drawn.kind === 'group' ? drawn.group.name : drawn.id
  const second = facts.join(' · ')
  return `<rect x="${x}" y="${y}" width="${width}" height="${height}" rx="8" fill="${fill}" stroke="${line}" stroke-width="1.5"/><text x="${x + 12}" y="${y + 23}" font-size="13" font-weight="600" fill="#1c2024">${escaped(cut(name, 27))}</text><text x="${x + 12}" y="${y + 42}" font-size="11.5" fill="#444b52">${escaped(cut(second, 34))}</text>`
}

function cut(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most - 1)}…` : text
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
}

async function pngUrl(svgUrl: string): Promise<string> {
  const image = new Image()
  image.src = svgUrl
  await image.decode()
  const scale = Math.min(SHARPNESS, LARGEST_PX / Math.max(image.width, image.height))
  const canvas = document.createElement('canvas')
  canvas.width = Math.round(image.width * scale)
  canvas.height = Math.round(image.height * scale)
  canvas.getContext('2d')?.drawImage(image, 0, 0, canvas.width, canvas.height)
  return canvas.toDataURL('image/png')
}

function save(url: string, file: string): void {
  const link = document.createElement('a')
  link.href = url
  link.download = file
  link.click()
}
