import { describe, expect, test } from 'vitest'
import { containedWorkflows } from './contained-workflows.ts'
import { validateDefinition } from './validate.ts'

const child = (workflow: string, more: object = {}) => ({ type: 'workflow', config: { workflow, ...more } })
const map = (step: object) => ({ type: 'map', config: { items: [1], step } })

describe('containedWorkflows', () => {
  test('finds workflows in steps and in maps, each with its place', () => {
    const steps = [{ id: 'a', ...child('x') }, { id: 'b', ...map(map(child('y', { version: 3 }))) }, { id: 'c' }]
    expect(containedWorkflows({ name: 'w', steps })).toEqual([
      { workflow: 'x', version: null, path: '/steps/0' },
      { workflow: 'y', version: 3, path: '/steps/1/config/step/config/step' },
    ])
  })

  test.each<[unknown]>([
    [null],
    ['text'],
    [{}],
    [{ steps: 'a' }],
    [{ steps: [null, 1, { type: 'workflow' }, { type: 'map' }, { type: 'workflow', config: { workflow: 5 } }] }],
  ])('finds nothing in %j', (definition) => {
    expect(containedWorkflows(definition)).toEqual([])
  })
})

test('maps without end are not followed to it', () => {
  const endless: { type: string; config: { step?: object } } = { type: 'map', config: {} }
  endless.config.step = endless
  expect(containedWorkflows({ steps: [endless] })).toEqual([])
})

describe('a workflow that contains itself', () => {
  const errorsOf = (...steps: object[]) =>
    validateDefinition({ name: 'a', steps: steps.map((step, index) => ({ id: `s${index}`, ...step })) }, null).errors

  test('is refused with the cycle written out, in a map too', () => {
    expect(errorsOf(child('a'), child('b'), map(child('a')))).toEqual([
      { code: 'cycle', path: '/steps/0', message: expect.stringContaining('a -> a') as string },
      { code: 'cycle', path: '/steps/2/config/step', message: expect.stringContaining('a -> a') as string },
    ])
  })

  test('may run another version of itself', () => {
    expect(errorsOf(child('a', { version: 1 }))).toEqual([])
  })

  test('is found beside other mistakes', () => {
    expect(errorsOf(child('a'), { typ: 'x' }).map(({ code }) => code)).toEqual(['invalid_definition', 'cycle'])
  })
})
