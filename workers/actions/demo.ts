import { defineAction, PermanentError, z } from '../action.ts'

/** Actions without a purpose of their own: for examples, tests and first steps. */

/** Gives its input back. */
export const echo = defineAction({
  name: 'echo',
  description: 'Gives its input back as the output of the step; null where the step has no input',
  input: z.json().optional(),
  output: z.json(),
  run: async ({ input }) => input ?? null,
})

/** Fails its first attempts, and then succeeds: shows retries, and that a run recovers. */
export const failTimes = defineAction({
  name: 'fail_times',
  description:
    'Fails the first `times` attempts of the step (default 1) and then succeeds; needs `max_retries` of at least `times`',
  input: z
    .object({
      times: z.int().min(0).max(1_000).default(1).describe('how many attempts fail before one succeeds'),
      permanent: z.boolean().default(false).describe('whether a failure is permanent, so that no retry follows'),
    })
    .prefault({}),
  output: z.object({
    attempt: z.int().describe('the attempt that succeeded'),
    recovered: z.boolean().describe('whether an earlier attempt had failed'),
  }),
  run: async ({ input, attempt, log }) => {
    if (attempt > input.times) return { attempt, recovered: attempt > 1 }
    log.warn(`attempt ${attempt} of the step fails, as asked`, { times: input.times })
    const message = `attempt ${attempt} fails: the first ${input.times} are asked to`
    throw input.permanent ? new PermanentError(message, { code: 'asked_to_fail' }) : new Error(message)
  },
})
