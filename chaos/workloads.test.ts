import { expect, it } from 'vitest'
import { randomOf } from './random.ts'
import { pickWorkload, workloads } from './workloads.ts'

it('the load has every workload in it, and cuts its jobs as asked', () => {
  const loads = workloads('segment')
  const random = randomOf(1, 'load')
  const picked = new Set(Array.from({ length: 2_000 }, () => pickWorkload(loads, random).definition.name))
  expect(picked).toEqual(new Set(loads.filter(({ weight }) => weight > 0).map(({ definition }) => definition.name)))
  expect(new Set(loads.map(({ definition }) => definition.sequencing))).toEqual(new Set(['segment']))
})

it('the first numbers of a stream do not depend on another stream', () => {
  const alone = randomOf(7, 'load')
  const other = randomOf(7, 'client')
  const beside = randomOf(7, 'load')
  const numbers = Array.from({ length: 20 }, () => [alone.next(), other.next(), beside.next()] as const)
  expect(numbers.every(([one, , again]) => one === again)).toBe(true)
  expect(numbers.some(([one, another]) => one === another)).toBe(false)
})
