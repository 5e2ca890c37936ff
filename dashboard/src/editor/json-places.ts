import { syntaxTree } from '@codemirror/language'
import type { EditorState } from '@codemirror/state'
import type { SyntaxNode } from '@lezer/common'

/**
 * Where in a JSON text something is, and what is somewhere: JSON Pointers (RFC 6901) to ranges of the text, and back. Also
 * for texts that are only half written, as far as the parser makes sense of them.
 */

/** A stretch of text. */
export interface TextRange {
  from: number
  to: number
}

const VALUES = new Set(['Object', 'Array', 'String', 'Number', 'True', 'False', 'Null'])

/** The range to mark for a pointer: the value there; of what is missing, the name of the nearest thing around it. */
export function rangeOfPointer(state: EditorState, pointer: string): TextRange {
  let node = rootValue(state)
  let name: SyntaxNode | null = null
  for (const segment of segmentsOf(pointer)) {
    const next: Member | null = node === null ? null : memberOf(state, node, segment)
    if (next === null) break
    node = next.value
    name = next.name
  }
  if (node === null) return { from: 0, to: 0 }
  // A whole object would be a lot of red: its name says as much, its bracket where it has none.
  if (node.name === 'Object' || node.name === 'Array') {
    return name === null ? { from: node.from, to: node.from + 1 } : { from: name.from, to: name.to }
  }
  return { from: node.from, to: node.to }
}

/** What is at a position of the text. */
export interface Place {
  /** Segments of the pointer to the object or array around it, or to the value. */
  path: string[]
  /** `name`: a property's name stands here, or would. `value`: a value. */
  kind: 'name' | 'value'
  /** The name or value that is there already. */
  node: SyntaxNode | null
  /** Names that the object around has. */
  names: string[]
}

/** The place of a position; null where nothing could stand. */
export function placeAt(state: EditorState, position: number): Place | null {
  let node: SyntaxNode = syntaxTree(state).resolveInner(position, -1)
  if (node.name === 'PropertyName') {
    const object = node.parent?.parent ?? null
    return object === null ? null : { path: pathTo(state, object), kind: 'name', node, names: namesOf(state, object) }
  }
  const inner = VALUES.has(node.name) && node.name !== 'Object' && node.name !== 'Array' ? node : null
  if (inner !== null) return { path: pathTo(state, inner), kind: 'value', node: inner, names: [] }
  while (node.name !== 'Object' && node.name !== 'Array' && node.name !== 'Property') {
    if (node.parent === null) return null
    node = node.parent
  }
  if (node.name === 'Property') {
    const property = node.getChild('PropertyName')
    const path =
      node.parent === null || property === null ? [] : [...pathTo(state, node.parent), textOf(state, property)]
    return { path, kind: 'value', node: null, names: [] }
  }
  if (node.name === 'Array') return { path: [...pathTo(state, node), '0'], kind: 'value', node: null, names: [] }
  return { path: pathTo(state, node), kind: 'name', node: null, names: namesOf(state, node) }
}

interface Member {
  value: SyntaxNode
  name: SyntaxNode | null
}

function rootValue(state: EditorState): SyntaxNode | null {
  return valuesIn(syntaxTree(state).topNode)[0] ?? null
}

function memberOf(state: EditorState, node: SyntaxNode, segment: string): Member | null {
  if (node.name === 'Array') {
    const value = /^\d+$/.test(segment) ? valuesIn(node)[Number(segment)] : undefined
    return value === undefined ? null : { value, name: null }
  }
  for (const property of node.getChildren('Property')) {
    const name = property.getChild('PropertyName')
    if (name === null || textOf(state, name) !== segment) continue
    const value = valuesIn(property)[0]
    return value === undefined ? { value: name, name } : { value, name }
  }
  return null
}

function valuesIn(node: SyntaxNode): SyntaxNode[] {
  const found: SyntaxNode[] = []
  for (let child = node.firstChild; child !== null; child = child.nextSibling) {
    if (VALUES.has(child.name)) found.push(child)
  }
  return found
}

function pathTo(state: EditorState, node: SyntaxNode): string[] {
  const { parent } = node
  if (parent === null) return []
  if (parent.name === 'Array') {
    const index = valuesIn(parent).findIndex((value) => value.from === node.from)
    return [...pathTo(state, parent), String(Math.max(0, index))]
  }
  if (parent.name === 'Property') {
    const name = parent.getChild('PropertyName')
    const around = parent.parent === null ? [] : pathTo(state, parent.parent)
    return name === null ? around : [...around, textOf(state, name)]
  }
  return pathTo(state, parent)
}

function namesOf(state: EditorState, object: SyntaxNode): string[] {
  return object
    .getChildren('Property')
    .flatMap((property) => property.getChild('PropertyName') ?? [])
    .map((name) => textOf(state, name))
}

/** What a name or a string says; half written ones as far as they go. */
function textOf(state: EditorState, node: SyntaxNode): string {
  const text = state.sliceDoc(node.from, node.to)
  try {
    return String(JSON.parse(text))
  } catch {
    return text.replace(/^"|"$/g, '')
  }
}

function segmentsOf(pointer: string): string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((segment) => segment.replaceAll('~1', '/').replaceAll('~0', '~'))
}
