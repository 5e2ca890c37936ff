import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { checkAgainstSchema, schemaFaults } from './input.ts'
import { workflowJsonSchema } from './json-schema.ts'
import type { Json } from './json-value.ts'

const schema = workflowJsonSchema('https://example.com/workflow.json') as Json

function faultsOf(steps: Json[]): string[] {
  return checkAgainstSchema(schema, { name: 'w', steps }).map((fault) => `${fault.path} ${fault.message}`)
}

describe('the JSON Schema of the format', () => {
  it('is JSON Schema 2020-12', () => {
    expect(schemaFaults(schema)).toEqual([])
  })

  it('accepts a published DAG, and steps of any type', () => {
    const dag = readFileSync(new URL('../../test/data/dags/montage.json', import.meta.url), 'utf8')
    expect(checkAgainstSchema(schema, JSON.parse(dag) as Json)).toEqual([])
    const config = { expression: 'input.a' }
    expect(
      faultsOf([{ id: 'a' }, { id: 'b', type: 'condition', config }, { id: 'c', type: 'own', config: { x: 1 } }]),
    ).toEqual([])
  })

  it('knows the configuration of each type', () => {
    expect(faultsOf([{ id: 'a', type: 'wait', config: { second: 1 } }])[0]).toContain(
      '/steps/0/config/second unknown key',
    )
    expect(faultsOf([{ id: 'a', type: 'condition' }])[0]).toContain('/steps/0/config is required')
    expect(faultsOf([{ id: 'a', config: { max_retries: -1 } }])[0]).toContain(
      '/steps/0/config/max_retries must be >= 0',
    )
  })
})
