import { describe, test } from 'vitest'
import { BACKENDS } from '../support/contract.ts'
import { tryModel } from './model.ts'

/** `npm run model` sets these; npm test takes the same few sequences each time. */
const SEQUENCES = Number(process.env['MODEL_RUNS'] ?? 8)
const SEED = Number(process.env['MODEL_SEED'] ?? 1)
const CHOSEN = BACKENDS.filter((backend) => (process.env['MODEL_BACKEND'] ?? backend) === backend)
/** A sequence takes some seconds, several at a time. */
const TIMEOUT_MS = 240_000 + SEQUENCES * 10_000

describe.concurrent('random workflows keep every promise under random controls, events, decisions and kills', () => {
  test.for(CHOSEN)(
    `on %s, in ${SEQUENCES} sequences of commands`,
    { timeout: TIMEOUT_MS },
    async (backend, { expect }) => {
      const { sequences, runs, commands, answers } = await tryModel(backend, { sequences: SEQUENCES, seed: SEED })
      const total = Object.values(commands).reduce((sum, count) => sum + count, 0)
      console.log(
        `${backend}: ${sequences} sequences of ${total} commands on ${runs} runs, seed ${SEED}: ${list(commands)}; answers: ${list(answers)}`,
      )
      expect(sequences).toBe(SEQUENCES)
    },
  )
})

function list(counts: Record<string, number>): string {
  return Object.entries(counts)
    .map(([name, count]) => `${count} ${name}`)
    .join(', ')
}
