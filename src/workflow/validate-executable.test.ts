import { expect, it } from 'vitest'
import { definitionSchema } from './definition.ts'
import { executableProblems } from './validate-executable.ts'

function problemsOf(raw: object): string[] {
  return executableProblems(definitionSchema.parse({ name: 'w', ...raw })).map(({ code, path }) => `${code} ${path}`)
}

it('what this version can execute has no problems', () => {
  const steps = ['task', 'condition', 'parallel', 'join', 'transform', 'my_action'].map((type) => ({
    id: `s_${type}`,
    type,
  }))
  expect(problemsOf({ steps, timeout_seconds: 60, concurrency: { limit: 1 } })).toEqual([])
})

it('names every part that cannot run yet', () => {
  const raw = {
    steps: [
      { id: 'a', type: 'shell' },
      { id: 'c', type: 'llm' },
    ],
  }
  expect(problemsOf(raw)).toEqual(['not_supported /steps/0/type', 'not_supported /steps/1/type'])
})
