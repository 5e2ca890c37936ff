import { expect, test } from 'vitest'
import { downstreamOf } from './downstream.ts'

const DIAMOND = [[1, 2], [3], [3], [], []]

test('a step comes first, and all that depend on it follow once each', () => {
  expect(downstreamOf(DIAMOND, 0)).toEqual([0, 1, 2, 3])
  expect(downstreamOf(DIAMOND, 2)).toEqual([2, 3])
})

test('of a step that nothing depends on there is only the step', () => {
  expect(downstreamOf(DIAMOND, 3)).toEqual([3])
  expect(downstreamOf(DIAMOND, 4)).toEqual([4])
})
