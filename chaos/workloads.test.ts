import { expect, it } from 'vitest'
import { planHerd } from './herd.ts'
import { planControls } from './operators.ts'
import { randomOf } from './random.ts'
import { herdWorkloads, pickWorkload, workloads } from './workloads.ts'

it('the load has every workload in it, and cuts its jobs as asked', () => {
  const loads = workloads('segment')
  const random = randomOf(1, 'load')
  const picked = new Set(Array.from({ length: 2_000 }, () => pickWorkload(loads, random).definition.name))
  expect(picked).toEqual(new Set(loads.filter(({ weight }) => weight > 0).map(({ definition }) => definition.name)))
  expect(new Set(loads.map(({ definition }) => definition.sequencing))).toEqual(new Set(['segment']))
})

it('the herd is more than a page of the reconciler, has every kind in it, and is the same for the same seed', () => {
  const loads = herdWorkloads('step')
  const plan = planHerd(loads, { seed: 3, herd: 280, durationMs: 60_000 })
  expect(plan.length).toBeGreaterThan(250)
  expect(plan).toEqual(planHerd(loads, { seed: 3, herd: 280, durationMs: 60_000 }))
  const kinds = new Set(plan.map(({ load }) => load.definition.name))
  expect(kinds).toEqual(new Set(loads.filter(({ weight }) => weight > 0).map(({ definition }) => definition.name)))
  expect(plan.every((run) => run.beginsAtMs < 2_000 && run.releasedAtMs >= 39_000 && run.releasedAtMs <= 60_000)).toBe(
    true,
  )
})

it('operators are the same for the same seed, meddle in every way, and let go or cancel whatever they pause', () => {
  const load = workloads('step').at(-1)!
  const plansOf = (seed: number) => {
    const random = randomOf(seed, 'operators')
    return Array.from({ length: 500 }, () => planControls(load, random))
  }
  expect(plansOf(1)).toEqual(plansOf(1))
  expect(plansOf(1)).not.toEqual(plansOf(2))
  const ways = new Set(
    plansOf(1).map((plan) =>
      plan.map(({ control, from }) => (from === undefined ? control : `${control} from ${from}`)).join(' '),
    ),
  )
  expect(new Set(plansOf(1).flatMap((plan) => plan.map(({ isContested }) => isContested)))).toEqual(
    new Set([true, false]),
  )
  const repeats = load.repeatedFrom!.flatMap((step) => [`retry from ${step}`, `pause retry from ${step}`])
  expect(ways).toEqual(new Set(['', 'pause resume', 'cancel', 'cancel retry', 'pause cancel retry', ...repeats]))
})

it('of a run that starts another, that one is paused and goes on, or is cancelled, and the run retried', () => {
  const random = randomOf(1, 'operators')
  const parent = workloads('step').find(({ definition }) => definition.name === 'chaos-parent')!
  const plans = Array.from({ length: 500 }, () => planControls(parent, random)).filter((plan) => plan[0]?.ofChild)
  const ways = plans.map((plan) => plan.map(({ control, ofChild }) => `${control} ${ofChild ?? false}`).join())
  expect(new Set(ways)).toEqual(new Set(['pause true,resume true', 'cancel true,retry false']))
})

it('what is to be repaired is retried in the end, whatever else is done to it', () => {
  const random = randomOf(1, 'operators')
  const repaired = workloads('step').find((load) => load.isRepaired === true)!
  const plans = Array.from({ length: 500 }, () => planControls(repaired, random).map(({ control }) => control))
  expect(plans.every((plan) => plan.slice(-2).join() === 'retry,retry')).toBe(true)
})

it('the first numbers of a stream do not depend on another stream', () => {
  const alone = randomOf(7, 'load')
  const other = randomOf(7, 'client')
  const beside = randomOf(7, 'load')
  const numbers = Array.from({ length: 20 }, () => [alone.next(), other.next(), beside.next()] as const)
  expect(numbers.every(([one, , again]) => one === again)).toBe(true)
  expect(numbers.some(([one, another]) => one === another)).toBe(false)
})
