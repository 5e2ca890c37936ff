import type { DefinitionInput } from '../src/workflow/definition.ts'
import type { OrderStatus, RunStatus } from '../src/workflow/states.ts'
import type { Random } from './random.ts'

/** A kind of run of the load, and what must become of it whatever is broken meanwhile. */
export interface Workload {
  definition: DefinitionInput
  /** How many of a hundred runs are of this kind, about; 0: started by others only. */
  weight: number
  /** The answer that people give where it asks; the outcome may depend on it. */
  decision?: 'approve' | 'reject'
  /** Name of the event that it waits for. */
  event?: string
  /** What its run ends as. */
  ends: RunStatus
  /** What becomes of the order that it is started with; absent: it has none. */
  order?: OrderStatus
}

type Step = DefinitionInput['steps'][number]

/** A transaction or an action that outlives every outage: its failures are the weather's, not its own. */
const PERSISTENT = { retry: { delay_seconds: 0.25 }, config: { max_retries: 200 } } as const

function effect(id: string, after: readonly string[], ms: number, fail = 0): Step {
  return persistent(id, after, 'chaos_effect', { input: { ms, fail } })
}

function call(id: string, after: readonly string[], ms: number): Step {
  return persistent(id, after, 'chaos_call', { input: { ms } })
}

function persistent(id: string, after: readonly string[], action: string, more: Partial<Step> = {}): Step {
  return { id, depends_on: [...after], ...PERSISTENT, ...more, config: { ...PERSISTENT.config, action } }
}

const order = [
  persistent('validate', [], 'validate_order'),
  persistent('charge', ['validate'], 'charge_payment'),
  persistent('ship', ['charge'], 'ship_order'),
]

const approval: DefinitionInput['steps'] = [
  effect('ask', [], 20),
  { id: 'gate', type: 'approval', depends_on: ['ask'], input: { decision: '$input.decision' }, config: {} },
  effect('after', ['gate'], 20),
]

const WORKLOADS: Workload[] = [
  { weight: 15, ends: 'completed', order: 'shipped', definition: { name: 'chaos-order', steps: order } },
  {
    weight: 10,
    ends: 'failed',
    order: 'refunded',
    definition: {
      name: 'chaos-refund',
      steps: [
        order[0]!,
        { ...order[1]!, compensate: { action: 'refund_payment' } },
        { id: 'fails', type: 'fail_times', depends_on: ['charge'], input: { times: 1_000, permanent: true } },
      ],
    },
  },
  {
    weight: 15,
    ends: 'completed',
    definition: {
      name: 'chaos-diamond',
      steps: [
        effect('top', [], 20),
        effect('left', ['top'], 100),
        call('right', ['top'], 400),
        effect('cross', ['left', 'right'], 20),
        call('far', ['left'], 50),
        effect('bottom', ['cross', 'far', 'top'], 20),
      ],
    },
  },
  {
    weight: 10,
    ends: 'completed',
    definition: {
      name: 'chaos-map',
      steps: [
        {
          id: 'each',
          type: 'map',
          config: {
            items: [40, 80, 120, 160, 200],
            concurrency: 3,
            step: { ...PERSISTENT, config: { ...PERSISTENT.config, action: 'chaos_effect' }, input: { ms: '$item' } },
          },
        },
        call('sum', ['each'], 50),
      ],
    },
  },
  {
    weight: 7,
    ends: 'completed',
    decision: 'approve',
    definition: { name: 'chaos-approval', steps: approval },
  },
  { weight: 3, ends: 'failed', decision: 'reject', definition: { name: 'chaos-rejection', steps: approval } },
  {
    weight: 10,
    ends: 'completed',
    definition: {
      name: 'chaos-timer',
      steps: [
        effect('before', [], 20),
        { id: 'pause', type: 'wait', depends_on: ['before'], config: { seconds: 0.8 } },
        effect('after', ['pause'], 20),
      ],
    },
  },
  {
    weight: 10,
    ends: 'completed',
    event: 'go',
    definition: {
      name: 'chaos-event',
      steps: [{ id: 'signal', type: 'wait_event', config: { event: 'go' } }, effect('after', ['signal'], 20)],
    },
  },
  {
    weight: 10,
    ends: 'completed',
    definition: {
      name: 'chaos-parent',
      steps: [{ id: 'child', type: 'workflow', config: { workflow: 'chaos-child' } }, effect('after', ['child'], 20)],
    },
  },
  {
    weight: 10,
    ends: 'completed',
    definition: {
      name: 'chaos-chain',
      steps: Array.from({ length: 6 }, (_, n) => effect(`s${n}`, n === 0 ? [] : [`s${n - 1}`], 20, n % 3)),
    },
  },
  // What a worker that is paused, killed or cut off has in hand: long enough to be hit, short enough to go on afterwards.
  {
    weight: 15,
    ends: 'completed',
    definition: { name: 'chaos-slow', steps: [call('slow', [], 1_200), effect('after', ['slow'], 20)] },
  },
  {
    weight: 0,
    ends: 'completed',
    definition: { name: 'chaos-child', steps: [effect('one', [], 50), call('two', ['one'], 50)] },
  },
]

/** All workloads, their BullMQ jobs cut as asked. What others start comes first. */
export function workloads(sequencing: 'step' | 'segment'): Workload[] {
  const cut = WORKLOADS.map((load) => ({ ...load, definition: { ...load.definition, sequencing } }))
  return cut.sort((a, b) => a.weight - b.weight)
}

/** One of them, the heavier the more often. */
export function pickWorkload(loads: readonly Workload[], random: Random): Workload {
  let place = random.between(
    0,
    loads.reduce((sum, { weight }) => sum + weight, 0),
  )
  return loads.find(({ weight }) => (place -= weight) < 0) ?? loads.at(-1)!
}
