import type { DefinitionInput } from '../../src/workflow/definition.ts'
import type { System } from './system.ts'

const effect = { action: 'effect' }

/** Everything that a step can wait for, side by side, with an effect behind each. */
export const PARKED = {
  name: 'parked',
  steps: [
    { id: 'ask', type: 'approval', input: { what: 'all of it' } },
    { id: 'timer', type: 'wait', config: { seconds: 6 } },
    { id: 'event', type: 'wait_event', config: { event: 'go' } },
    { id: 'asks', type: 'map', config: { items: [1, 2, 3], step: { type: 'approval', input: '$item' } } },
    {
      id: 'timers',
      type: 'map',
      config: { items: [1, 2, 3], concurrency: 2, step: { type: 'wait', config: { seconds: 3 } } },
    },
    { id: 'child', type: 'workflow', config: { workflow: 'parked-child' } },
    ...['ask', 'timer', 'event', 'asks', 'timers', 'child'].map((id) => ({
      id: `after-${id}`,
      config: effect,
      depends_on: [id],
    })),
  ],
} satisfies DefinitionInput

/** Its child run. */
export const PARKED_CHILD = {
  name: 'parked-child',
  steps: [
    { id: 'wait', type: 'wait', config: { seconds: 5 } },
    { id: 'did', config: effect, depends_on: ['wait'] },
  ],
} satisfies DefinitionInput

/** How often each step of {@link PARKED} has its effect. */
export const EFFECTS_OF_PARKED = Object.fromEntries(PARKED.steps.slice(6).map((step) => [step.id, 1]))

/** Steps that wait for someone; the timers go by themselves. */
const ANSWERED = ['ask', 'event', 'asks[0]', 'asks[1]', 'asks[2]']

/** Whether all that waits for an answer does so. */
export async function isParked(system: System, id: string): Promise<boolean> {
  const { steps } = await system.read(id)
  return ANSWERED.every((step) => steps[step]?.status === 'waiting') && steps['child']?.status === 'waiting'
}

/** Gives every answer that the run waits for, over HTTP; some of these may have been given before. */
export async function answerAll(system: System, id: string): Promise<void> {
  for (const step of ['ask', 'asks[0]', 'asks[1]', 'asks[2]']) {
    await system.post(`/runs/${id}/steps/${encodeURIComponent(step)}/approve`, { by: 'ann', data: step })
  }
  await system.post(`/runs/${id}/events`, { name: 'go', data: 'went' })
}
