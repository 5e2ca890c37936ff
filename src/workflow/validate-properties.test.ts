import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { Json } from './json-value.ts'
import { pointer } from './problems.ts'
import { validateDefinition } from './validate.ts'

/** A valid definition and one thing put wrong in it: validation names the place. */

type Path = (string | number)[]

interface Steps {
  /** For each step the places of its dependencies, all before it. */
  edges: number[][]
}

const graphs: fc.Arbitrary<Steps> = fc
  .array(fc.array(fc.nat(), { maxLength: 3 }), { minLength: 2, maxLength: 12 })
  .map((lists) => ({
    edges: lists.map((list, index) => (index === 0 ? [] : [...new Set(list.map((number) => number % index))])),
  }))

function definitionOf({ edges }: Steps): { [key: string]: Json } {
  return {
    name: 'w',
    on_failure: 'finish',
    input_schema: { type: 'object' },
    steps: edges.map((dependencies, index) => ({
      id: `step${index}`,
      type: 'task',
      config: { duration_seconds: 0, fail_probability: 0, max_retries: 1 },
      input: { text: '$input.text', list: ['$context.x', { deep: '${{ input.amount > 100 }}' }] },
      depends_on: dependencies.map((from) =>
        from % 2 ? { step: `step${from}`, when: 'input.x == 1' } : `step${from}`,
      ),
      join: 'any',
      when: 'input.amount > 100',
      on_error: 'fail',
      retry: { backoff: 'exponential', delay_seconds: 1, jitter: 0.5 },
      timeout_seconds: 5,
      queue: 'default',
      priority: 5,
      compensate: { action: 'undo', input: '$input' },
    })),
  }
}

/** Every place of a value that has children, and every leaf. */
function placesIn(value: Json, at: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [at]
  const entries: [string | number, Json][] = Array.isArray(value) ? [...value.entries()] : Object.entries(value)
  return [at, ...entries.flatMap(([key, item]) => placesIn(item, [...at, key]))]
}

/** Whether any JSON may stand there. */
function isFree(path: Path): boolean {
  return path.includes('input') || path.includes('input_schema')
}

function get(value: Json, path: Path): Json {
  return path.reduce<Json>((at, key) => (at as Record<string | number, Json>)[key] ?? null, value)
}

function withChange(value: Json, path: Path, change: (old: Json) => Json): Json {
  const [key, ...rest] = path
  if (key === undefined) return change(value)
  const copy: Json = Array.isArray(value) ? [...value] : { ...(value as { [key: string]: Json }) }
  const children = copy as Record<string | number, Json>
  children[key] = withChange(children[key] ?? null, rest, change)
  return copy
}

function pathsOf(raw: unknown): string[] {
  return validateDefinition(raw, null).errors.map((problem) => problem.path)
}

it('the unchanged definition is valid', () => {
  fc.assert(
    fc.property(graphs, (graph) => {
      expect(pathsOf(definitionOf(graph))).toEqual([])
    }),
  )
})

it('an unknown key anywhere in the format is named with its path', () => {
  fc.assert(
    fc.property(graphs, fc.nat(), (graph, pick) => {
      const definition = definitionOf(graph)
      const objects = placesIn(definition).filter((path) => {
        const value = get(definition, path)
        return !isFree(path) && path.at(-1) !== 'config' && typeof value === 'object' && !Array.isArray(value)
      })
      const path = objects[pick % objects.length] ?? []
      const broken = withChange(definition, path, (old) => ({ ...(old as object), 'un/known': 1 }))
      expect(pathsOf(broken)).toEqual([pointer(...path, 'un/known')])
    }),
  )
})

it('a leaf of the wrong type is named with its path', () => {
  fc.assert(
    fc.property(graphs, fc.nat(), (graph, pick) => {
      const definition = definitionOf(graph)
      const leaves = placesIn(definition).filter((path) => !isFree(path) && typeof get(definition, path) !== 'object')
      const path = leaves[pick % leaves.length] ?? []
      const broken = withChange(definition, path, (old) => (typeof old === 'number' ? 'text' : 5))
      expect(pathsOf(broken)).toContain(pointer(...path))
    }),
  )
})

/** Adds a dependency to a step and answers the problems, and the place of what was added. */
function withDependency(graph: Steps, step: number, id: string) {
  const change = (old: Json): Json => [...(old as Json[]), id]
  const { errors } = validateDefinition(withChange(definitionOf(graph), ['steps', step, 'depends_on'], change), null)
  return { errors, place: pointer('steps', step, 'depends_on', graph.edges[step]?.length ?? 0) }
}

it('a misspelt dependency is named with its path', () => {
  fc.assert(
    fc.property(graphs, fc.nat(), (graph, pick) => {
      const { errors, place } = withDependency(graph, pick % graph.edges.length, 'stepp0')
      expect(errors).toMatchObject([{ code: 'unknown_dependency', path: place }])
    }),
  )
})

it('a dependency on the step itself is named with its path', () => {
  fc.assert(
    fc.property(graphs, fc.nat(), (graph, pick) => {
      const step = pick % graph.edges.length
      const { errors, place } = withDependency(graph, step, `step${step}`)
      expect(errors).toMatchObject([{ code: 'self_dependency', path: place }])
    }),
  )
})

it('an edge backwards makes a cycle that is written out, through both of its ends', () => {
  fc.assert(
    fc.property(graphs, fc.nat(), (graph, pick) => {
      const step = pick % graph.edges.length
      const later = graph.edges.findIndex((edges) => edges.includes(step))
      fc.pre(later !== -1)
      const { errors } = withDependency(graph, step, `step${later}`)
      expect(new Set(errors.map((error) => error.code))).toEqual(new Set(['cycle']))
      const cycles = errors.map((error) => error.message.split(': ')[1]?.split(' → ') ?? [])
      expect(cycles.every((ids) => ids.length > 2 && ids[0] === ids.at(-1))).toBe(true)
      expect(cycles.some((ids) => ids.includes(`step${step}`) && ids.includes(`step${later}`))).toBe(true)
    }),
    { numRuns: 300 },
  )
})

it('a duplicate id is named with its path', () => {
  fc.assert(
    fc.property(graphs, fc.nat(), (graph, pick) => {
      const step = pick % graph.edges.length
      const other = (step + 1) % graph.edges.length
      const raw = withChange(definitionOf(graph), ['steps', step, 'id'], () => `step${other}`)
      const path = pointer('steps', Math.max(step, other), 'id')
      expect(validateDefinition(raw, null).errors).toContainEqual({
        code: 'duplicate_step',
        path,
        message: `"step${other}" is already the id of step ${Math.min(step, other)}`,
      })
    }),
  )
})

it('a binding to a step that is not upstream is named with its path, one to a step upstream is right', () => {
  fc.assert(
    fc.property(graphs, fc.nat(), fc.nat(), (graph, pick, other) => {
      const definition = definitionOf(graph)
      const step = pick % graph.edges.length
      const target = other % graph.edges.length
      fc.pre(step !== target)
      const path: Path = ['steps', step, 'input', 'list', 1, 'deep']
      const paths = pathsOf(withChange(definition, path, () => `$step${target}.x`))
      expect(paths).toEqual(ancestorsOf(graph, step).has(target) ? [] : [pointer(...path)])
    }),
    { numRuns: 300 },
  )
})

function ancestorsOf({ edges }: Steps, step: number): Set<number> {
  const found = new Set<number>()
  const open = [step]
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    for (const from of edges[at] ?? []) {
      if (!found.has(from)) open.push(from)
      found.add(from)
    }
  }
  return found
}

it('for any JSON there is an answer, with pointers and known codes', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), (value, config) => {
      const raws = [value, { name: 'x', steps: value }, { name: 'x', steps: [{ id: 'a', config, depends_on: value }] }]
      for (const raw of raws) {
        for (const problem of validateDefinition(raw, null).errors) expect(problem.path).toMatch(/^(\/|$)/)
      }
    }),
    { numRuns: 300 },
  )
})
