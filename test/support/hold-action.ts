import { defineAction, z } from '../../workers/action.ts'

/** An action whose attempts go on until the test lets them go, whatever their signals say. */
export function holdAction() {
  /** Lets go of an attempt, by idempotency key. */
  const held = new Map<string, () => void>()
  const hold = defineAction({
    name: 'hold',
    description: 'Goes on until the test lets it go, whatever its signal says',
    input: z.unknown(),
    output: z.null(),
    run: ({ idempotencyKey }) => new Promise<null>((resolve) => held.set(idempotencyKey, () => resolve(null))),
  })
  return { held, hold }
}
