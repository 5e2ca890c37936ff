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
      { id: 'm', type: 'map', config: { items: [1], step: { type: 'agent' } } },
      {
        id: 'n',
        type: 'map',
        config: { items: [[1]], step: { type: 'map', config: { items: '$item', step: { type: 'shell' } } } },
      },
    ],
  }
  expect(problemsOf(raw)).toEqual([
    'not_supported /steps/0/type',
    'not_supported /steps/1/type',
    'not_supported /steps/2/config/step/type',
    'not_supported /steps/3/config/step/config/step/type',
  ])
})
