import { expect, it } from 'vitest'
import { sampleStep } from '../graph/sample-graph.ts'
import { timelineRows } from './timeline-rows.ts'

const steps = [
  sampleStep('a'),
  sampleStep('m', { type: 'map' }),
  sampleStep('end', { status: 'failed' }),
  sampleStep('m[0]', { parent_step_id: 'm' }),
  sampleStep('m[1]', { parent_step_id: 'm', status: 'failed' }),
]
const ids = (rows: ReturnType<typeof timelineRows>) => rows.map(({ step, depth }) => `${depth} ${step.step_id}`)

it('items of a map are folded until it is opened', () => {
  expect(ids(timelineRows(steps, { open: new Set() }))).toEqual(['0 a', '0 m', '0 end'])
  const open = timelineRows(steps, { open: new Set(['m']) })
  expect(ids(open)).toEqual(['0 a', '0 m', '1 m[0]', '1 m[1]', '0 end'])
  expect(open[1]).toMatchObject({ children: 2, isOpen: true })
})

it('what failed is shown with what it hangs from', () => {
  const rows = timelineRows(steps, { open: new Set(['m']), onlyFailed: true })
  expect(ids(rows)).toEqual(['0 m', '1 m[1]', '0 end'])
})

it('a path is shown without the rest', () => {
  expect(ids(timelineRows(steps, { open: new Set(), only: new Set(['end']) }))).toEqual(['0 end'])
})
