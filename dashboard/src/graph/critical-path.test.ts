import { expect, it } from 'vitest'
import { criticalPathOf, edgesOfPath } from './critical-path.ts'
import { at, sampleStep } from './sample-graph.ts'

const ran = (id: string, from: number, to: number, dependsOn: string[] = []) =>
  sampleStep(id, { status: 'completed', depends_on: dependsOn, started_at: at(from), completed_at: at(to) })

it('the critical path of a run leads from its end back over what was waited for', () => {
  const steps = [
    ran('a', 0, 1),
    ran('slow', 1, 9, ['a']),
    ran('fast', 1, 2, ['a']),
    ran('end', 9, 10, ['slow', 'fast']),
  ]
  expect(criticalPathOf(steps)).toEqual(['a', 'slow', 'end'])
  expect([...edgesOfPath(['a', 'slow', 'end'])]).toEqual(['a>slow', 'slow>end'])
})

it('the critical path leaves out steps that did not run, and items of maps', () => {
  const item = { ...ran('m[0]', 0, 20), parent_step_id: 'm' }
  expect(criticalPathOf([ran('m', 0, 3), item, sampleStep('later', { depends_on: ['m'] })])).toEqual(['m'])
})

it('a run that has not begun has no critical path', () => {
  expect(criticalPathOf([sampleStep('a')])).toEqual([])
})
