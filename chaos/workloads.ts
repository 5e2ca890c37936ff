import type { DefinitionInput, Json } from '../src/workflow/definition.ts'
import type { OrderStatus, RunStatus } from '../src/workflow/states.ts'
import type { Random } from './random.ts'
import { call, effect, EFFECT_OF_ITEM, mapOf, persistent, UNDONE, type Step } from './steps.ts'

/** A kind of run of the load, and what must become of it whatever is broken meanwhile. */
export interface Workload {
  definition: DefinitionInput
  /** How many of a hundred runs are of this kind, about; 0: started by others only. */
  weight: number
  /** The answer that people give where it asks; the outcome may depend on it. `later`: they approve once they are to. */
  decision?: 'approve' | 'reject' | 'later' | 'never'
  /** Events that it waits for: the last is sent after a moment, those before it at once. */
  events?: readonly LoadEvent[]
  /** It fails until an operator has it tried again. */
  isRepaired?: boolean
  /**
   * Steps that operators may have it repeated from once it has ended; absent: none, since what it has done cannot be done
   * again, or what else has become of it is a matter of chance.
   */
  repeatedFrom?: readonly string[]
  /** What its run ends as, unless somebody cancels it. */
  ends: RunStatus
  /** What becomes of the order that it is started with; absent: it has none. */
  order?: OrderStatus
}

/** An event as it is sent. */
export interface LoadEvent {
  name: string
  n: number
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
    repeatedFrom: ['top', 'left', 'right', 'cross'],
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
    repeatedFrom: ['each', 'sum'],
    definition: {
      name: 'chaos-map',
      steps: [
        mapOf('each', [200, 40, 160, 80, 120], { concurrency: 3, step: EFFECT_OF_ITEM }),
        call('sum', ['each'], 50),
      ],
    },
  },
  // Items of every kind that wait, and maps within a map.
  {
    weight: 6,
    ends: 'completed',
    decision: 'approve',
    repeatedFrom: ['asked', 'naps', 'kids', 'rows'],
    definition: {
      name: 'chaos-maps',
      steps: [
        mapOf('asked', [1, 2, 3], { step: { type: 'approval', input: { decision: '$input.decision' }, config: {} } }),
        mapOf('naps', [1, 2, 3], { concurrency: 1, step: { type: 'wait', config: { seconds: 0.2 } } }),
        mapOf('kids', [1, 2, 3], { step: { type: 'workflow', config: { workflow: 'chaos-child' } } }),
        mapOf('rows', [[100, 20], [60], [80, 40, 20]], {
          step: { type: 'map', config: { items: '$item', concurrency: 1, step: EFFECT_OF_ITEM } },
        }),
        call('sum', ['asked', 'naps', 'kids', 'rows'], 50),
      ],
    },
  },
  // Its first items fail, so that the retry finds the later ones done: it must not begin all of the others at once.
  {
    weight: 4,
    ends: 'completed',
    isRepaired: true,
    repeatedFrom: ['each'],
    definition: {
      name: 'chaos-map-repaired',
      on_failure: 'finish',
      steps: [
        mapOf('each', [1, 1, 1, 0, 0, 0], {
          step: {
            type: 'fail_times',
            config: { duration_seconds: 0.15 },
            input: { times: '$item', permanent: true },
          },
        }),
        effect('after', ['each'], 20),
      ],
    },
  },
  {
    weight: 4,
    ends: 'completed',
    isRepaired: true,
    definition: {
      name: 'chaos-repaired',
      steps: [
        effect('before', [], 20),
        call('beside', [], 300),
        persistent('breaks', ['before'], 'chaos_fail', { input: { times: 1, permanent: true } }),
        effect('after', ['breaks', 'beside'], 20),
      ],
    },
  },
  {
    weight: 4,
    ends: 'completed',
    definition: {
      name: 'chaos-odd',
      steps: [
        persistent('odd', [], 'chaos_fail', { retry: { delay_seconds: 0.02 }, input: { times: 14 } }),
        effect('after', ['odd'], 20),
      ],
    },
  },
  {
    weight: 6,
    ends: 'failed',
    definition: {
      name: 'chaos-saga',
      steps: [
        { ...effect('one', [], 40), ...UNDONE },
        { ...effect('two', ['one'], 20), ...UNDONE },
        { ...effect('beside', ['one'], 120), ...UNDONE },
        {
          ...mapOf('each', [60, 20, 40], { step: { ...EFFECT_OF_ITEM, ...UNDONE } }),
          depends_on: ['two'],
        },
        persistent('fails', ['each', 'beside'], 'chaos_fail', { input: { times: 1_000, permanent: true } }),
      ],
    },
  },
  // One step fails, and nothing that waits may keep the run from that.
  {
    weight: 5,
    ends: 'failed',
    decision: 'never',
    definition: {
      name: 'chaos-stopped',
      steps: [
        { ...effect('first', [], 20), ...UNDONE },
        { id: 'kid', type: 'workflow', config: { workflow: 'chaos-herd-child' } },
        mapOf('kids', [1, 2], { concurrency: 1, step: { type: 'workflow', config: { workflow: 'chaos-herd-child' } } }),
        mapOf('asked', [1, 2], { step: { type: 'approval', input: { decision: '$input.decision' }, config: {} } }),
        persistent('late', [], 'chaos_fail', {
          retry: { delay_seconds: 8 },
          input: { times: 1_000 },
        }),
        call('soon', ['first'], 400),
        persistent('fails', ['soon'], 'chaos_fail', { input: { times: 1_000, permanent: true } }),
      ],
    },
  },
  {
    weight: 7,
    ends: 'completed',
    decision: 'approve',
    repeatedFrom: ['ask', 'gate', 'after'],
    definition: { name: 'chaos-approval', steps: approval },
  },
  {
    weight: 3,
    ends: 'failed',
    decision: 'reject',
    repeatedFrom: ['ask', 'gate'],
    definition: { name: 'chaos-rejection', steps: approval },
  },
  {
    weight: 10,
    ends: 'completed',
    repeatedFrom: ['before', 'pause'],
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
    events: [{ name: 'go', n: 1 }],
    repeatedFrom: ['signal', 'after'],
    definition: {
      name: 'chaos-event',
      steps: [{ id: 'signal', type: 'wait_event', config: { event: 'go' } }, effect('after', ['signal'], 20)],
    },
  },
  // The first event comes before anybody waits, and is for the second who does.
  {
    weight: 6,
    ends: 'completed',
    events: [
      { name: 'tick', n: 2 },
      { name: 'tick', n: 1 },
    ],
    repeatedFrom: ['before', 'tick1', 'after'],
    definition: {
      name: 'chaos-events',
      steps: [
        effect('before', [], 300),
        ...[1, 2].map((n): Step => ({
          id: `tick${n}`,
          type: 'wait_event',
          depends_on: ['before'],
          config: { event: 'tick', match: `event.data.n == ${n}` },
        })),
        effect('after', ['tick1', 'tick2'], 20),
      ],
    },
  },
  {
    weight: 10,
    ends: 'completed',
    repeatedFrom: ['child', 'after'],
    definition: {
      name: 'chaos-parent',
      steps: [{ id: 'child', type: 'workflow', config: { workflow: 'chaos-child' } }, effect('after', ['child'], 20)],
    },
  },
  {
    weight: 10,
    ends: 'completed',
    repeatedFrom: ['s0', 's2', 's5'],
    definition: {
      name: 'chaos-chain',
      steps: Array.from({ length: 6 }, (_, n) => effect(`s${n}`, n === 0 ? [] : [`s${n - 1}`], 20, n % 3)),
    },
  },
  // What a worker that is paused, killed or cut off has in hand: long enough to be hit, short enough to go on afterwards.
  {
    weight: 15,
    ends: 'completed',
    repeatedFrom: ['slow', 'after'],
    definition: { name: 'chaos-slow', steps: [call('slow', [], 1_200), effect('after', ['slow'], 20)] },
  },
  {
    weight: 0,
    ends: 'completed',
    definition: { name: 'chaos-child', steps: [effect('one', [], 50), call('two', ['one'], 50)] },
  },
]

/** Runs that stand about for most of the time; how many of a herd of a hundred are of each kind. */
const HERD: Workload[] = [
  {
    weight: 70,
    ends: 'completed',
    definition: {
      name: 'chaos-herd-event',
      steps: [{ id: 'signal', type: 'wait_event', config: { event: 'release' } }, effect('after', ['signal'], 10)],
    },
  },
  {
    weight: 20,
    ends: 'completed',
    decision: 'later',
    definition: {
      name: 'chaos-herd-approval',
      steps: [
        { id: 'gate', type: 'approval', input: { decision: '$input.decision' }, config: {} },
        effect('after', ['gate'], 10),
      ],
    },
  },
  // Nothing but cancelling ends it.
  {
    weight: 7,
    ends: 'cancelled',
    definition: {
      name: 'chaos-herd-parent',
      steps: [
        { id: 'child', type: 'workflow', config: { workflow: 'chaos-herd-child' } },
        mapOf('kids', [1, 2], { concurrency: 1, step: { type: 'workflow', config: { workflow: 'chaos-herd-child' } } }),
        effect('after', ['child', 'kids'], 10),
      ],
    },
  },
  // Ends by itself: the time of its maps is up.
  {
    weight: 2,
    ends: 'failed',
    decision: 'never',
    definition: {
      name: 'chaos-map-timeout',
      steps: [
        {
          ...mapOf('asked', [1, 2, 3], {
            step: { type: 'approval', input: { decision: '$input.decision' }, config: {} },
          }),
          timeout_seconds: 1,
          on_error: 'continue',
        },
        {
          ...mapOf('kids', [1, 2, 3], { step: { type: 'workflow', config: { workflow: 'chaos-herd-child' } } }),
          timeout_seconds: 1,
        },
        effect('after', ['kids'], 10),
      ],
    },
  },
  // So does this one, although something happens in it all the time.
  {
    weight: 1,
    ends: 'failed',
    decision: 'never',
    definition: {
      name: 'chaos-map-busy',
      steps: [
        {
          ...mapOf('naps', Array<Json>(60).fill(1), { concurrency: 1, step: { type: 'wait', config: { seconds: 1 } } }),
          timeout_seconds: 3,
        },
      ],
    },
  },
  {
    weight: 0,
    ends: 'cancelled',
    definition: {
      name: 'chaos-herd-child',
      steps: [{ id: 'signal', type: 'wait_event', config: { event: 'never' } }, effect('after', ['signal'], 10)],
    },
  },
]

/** All workloads, their BullMQ jobs cut as asked. What others start comes first. */
export function workloads(sequencing: 'step' | 'segment'): Workload[] {
  return cutInto(sequencing, WORKLOADS)
}

/** Those of the herd, likewise. */
export function herdWorkloads(sequencing: 'step' | 'segment'): Workload[] {
  return cutInto(sequencing, HERD)
}

function cutInto(sequencing: 'step' | 'segment', loads: readonly Workload[]): Workload[] {
  const cut = loads.map((load) => ({ ...load, definition: { ...load.definition, sequencing } }))
  return cut.sort((a, b) => a.weight - b.weight)
}

/** Whether runs of it end the same however many of them there are, and nobody has to do anything but decide. */
export function endsAlike({ ends, order, events, isRepaired }: Workload): boolean {
  return ends === 'completed' && order === undefined && events === undefined && isRepaired !== true
}

/** One of them, the heavier the more often. */
export function pickWorkload(loads: readonly Workload[], random: Random): Workload {
  let place = random.between(
    0,
    loads.reduce((sum, { weight }) => sum + weight, 0),
  )
  return loads.find(({ weight }) => (place -= weight) < 0) ?? loads.at(-1)!
}
