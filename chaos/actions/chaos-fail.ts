import { defineAction, PermanentError, z } from 'sluice'

/** What errors may bear: none of it can be stored as it is, and each must leave a text that can. */
const ODD_TEXTS: readonly string[] = [
  'half of a pair \ud83d and on',
  'the other half \ude00 first',
  'a NUL \u0000 within',
  'x'.repeat(100_000),
  // Wherever a limit cuts this, it may cut a character in two.
  `${'y'.repeat(16_383)}${'😀'.repeat(20_000)}`,
  '😀'.repeat(30_000),
  '',
]

/** Fails its attempts up to `times`, each with another odd text; `permanent`: so that none follows. */
export const chaosFail = defineAction({
  name: 'chaos_fail',
  description: 'Fails its first attempts with texts that no store takes as they are',
  input: z.object({ times: z.int(), permanent: z.boolean().default(false) }),
  output: z.object({ attempt: z.int() }),
  run: ({ attempt, input }) => {
    if (attempt > input.times) return Promise.resolve({ attempt })
    const text = ODD_TEXTS[attempt % ODD_TEXTS.length]!
    return Promise.reject(input.permanent ? new PermanentError(text, { code: text }) : new Error(text))
  },
})
