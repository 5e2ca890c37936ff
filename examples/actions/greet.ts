import { defineAction, PermanentError, z } from 'sluice'

/** The smallest action that does something: `SLUICE_ACTIONS=examples/actions npm start` loads it. */
export const greet = defineAction({
  name: 'greet',
  description: 'Says hello in one of three languages',
  input: z.object({ name: z.string(), language: z.string().default('en') }),
  output: z.object({ text: z.string() }),
  run: async ({ input, log }) => {
    const words = new Map([
      ['en', 'Hello'],
      ['de', 'Guten Tag'],
      ['fr', 'Bonjour'],
    ])
    const word = words.get(input.language)
    if (word === undefined) {
      throw new PermanentError(`cannot greet in "${input.language}"; known are ${[...words.keys()].join(', ')}`)
    }
    log.info('greeting', { name: input.name })
    return { text: `${word}, ${input.name}` }
  },
})
