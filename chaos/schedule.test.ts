import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { kindsOf, planFaults } from './schedule.ts'

const options = fc.record({
  seed: fc.integer({ min: 0, max: 2 ** 40 }),
  durationMs: fc.integer({ min: 3_000, max: 600_000 }),
  backend: fc.constantFrom('redis' as const, 'postgres' as const),
  lockMs: fc.integer({ min: 1_000, max: 10_000 }),
})

describe('the schedule of an experiment', () => {
  it('is the same for the same seed', () => {
    fc.assert(
      fc.property(options, (given) => {
        expect(planFaults(given)).toEqual(planFaults({ ...given }))
      }),
    )
  })

  it('is another for another seed', () => {
    const plans = [1, 2, 3].map((seed) => planFaults({ seed, durationMs: 60_000, backend: 'redis', lockMs: 5_000 }))
    expect(new Set(plans.map((plan) => JSON.stringify(plan))).size).toBe(3)
  })

  it('has every kind of fault that the backend allows, and no other, where there is a second for each', () => {
    const roomy = options.map((given) => ({ ...given, durationMs: given.durationMs + 16_000 }))
    fc.assert(
      fc.property(roomy, (given) => {
        const planned = new Set(planFaults(given).map(({ kind }) => kind))
        expect(planned).toEqual(new Set(kindsOf(given.backend)))
      }),
    )
  })

  it('is in order of time, within the load', () => {
    fc.assert(
      fc.property(options, (given) => {
        const times = planFaults(given).map(({ atMs }) => atMs)
        expect(times).toEqual([...times].sort((a, b) => a - b))
        expect(times.every((at) => at >= 1_500 && at <= given.durationMs)).toBe(true)
      }),
    )
  })

  it('pauses and cuts off workers for longer than their locks last', () => {
    const plan = planFaults({ seed: 4, durationMs: 600_000, backend: 'redis', lockMs: 5_000 })
    const long = plan.filter(({ kind }) => kind === 'pause_worker' || kind === 'isolate_worker')
    expect(long.length).toBeGreaterThan(10)
    expect(long.every(({ forMs }) => forMs > 6_000)).toBe(true)
  })
})
