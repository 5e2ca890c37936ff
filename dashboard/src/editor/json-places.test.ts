import { json } from '@codemirror/lang-json'
import { ensureSyntaxTree } from '@codemirror/language'
import { EditorState } from '@codemirror/state'
import { expect, test } from 'vitest'
import { placeAt, rangeOfPointer } from './json-places.ts'

const TEXT = `{
  "name": "x",
  "steps": [
    { "id": "a", "config": { "action": "echo" } },
    { "id": "b/c" }
  ]
}`

function stateOf(doc: string): EditorState {
  const state = EditorState.create({ doc, extensions: json() })
  ensureSyntaxTree(state, doc.length, 5_000)
  // A state keeps the tree that it was made with, of which a busy machine has parsed the beginning only; the next has it all.
  return state.update({}).state
}

test.each([
  ['/name', '"x"'],
  ['/steps/0/id', '"a"'],
  ['/steps/1/id', '"b/c"'],
  ['/steps/0/config', '"config"'],
  ['/steps/0/config/action', '"echo"'],
  ['/steps/0/config/missing', '"config"'],
  ['/steps/1', '{'],
  ['', '{'],
  ['/steps/7/id', '"steps"'],
])('the pointer %s marks %s', (pointer, marked) => {
  const { from, to } = rangeOfPointer(stateOf(TEXT), pointer)
  expect(TEXT.slice(from, to)).toBe(marked)
})

test.each([
  ['{ "a": 1, | }', 'name', []],
  ['{ "steps": [ { "config": { "act|" } } ] }', 'name', ['steps', '0', 'config']],
  ['{ "steps": [ { "type": "ta|" } ] }', 'value', ['steps', '0', 'type']],
  ['{ "steps": [ { "type": | } ] }', 'value', ['steps', '0', 'type']],
  ['{ "steps": [ { "id": "a" }, { "id": "b", "|" } ] }', 'name', ['steps', '1']],
])('at the bar of %s stands a %s', (marked, kind, path) => {
  const position = marked.indexOf('|')
  expect(placeAt(stateOf(marked.replace('|', '')), position)).toMatchObject({ kind, path })
})
