import { CompletionContext } from '@codemirror/autocomplete'
import { json } from '@codemirror/lang-json'
import { ensureSyntaxTree } from '@codemirror/language'
import { EditorState } from '@codemirror/state'
import { expect, test } from 'vitest'
import { schemaCompletion } from './schema-completion.ts'
import type { JsonSchema } from './schema-walk.ts'

const SCHEMA: JsonSchema = {
  $defs: {
    step: {
      type: 'object',
      required: ['id'],
      properties: {
        id: { type: 'string' },
        type: { anyOf: [{ enum: ['task', 'wait'] }, { type: 'string' }] },
        inner: { $ref: '#/$defs/step' },
        on: { type: 'boolean' },
      },
    },
  },
  type: 'object',
  properties: {
    name: { type: 'string', description: 'What it is called' },
    steps: { items: { $ref: '#/$defs/step' } },
  },
}

/** Labels offered at the bar. */
async function offered(marked: string): Promise<string[]> {
  const position = marked.indexOf('|')
  const begun = EditorState.create({ doc: marked.replace('|', ''), extensions: json() })
  ensureSyntaxTree(begun, begun.doc.length, 5_000)
  // A state keeps the tree that it was made with, of which a busy machine has parsed the beginning only; the next has it all.
  const { state } = begun.update({})
  const result = await schemaCompletion(() => SCHEMA)(new CompletionContext(state, position, true))
  return (result?.options ?? []).map((option) => option.label)
}

test.each([
  ['{ | }', ['"name"', '"steps"']],
  ['{ "name": "x", | }', ['"steps"']],
  ['{ "steps": [ { "|" } ] }', ['"id"', '"type"', '"inner"', '"on"']],
  ['{ "steps": [ { "inner": { "id": "x", "|" } } ] }', ['"id"', '"type"', '"inner"', '"on"']],
  ['{ "steps": [ { "type": "|" } ] }', ['"task"', '"wait"']],
  ['{ "steps": [ { "on": | } ] }', ['true', 'false']],
  ['{ "other": { | } }', []],
])('at the bar of %s can stand %j', async (marked, labels) => {
  expect(await offered(marked)).toEqual(labels)
})
