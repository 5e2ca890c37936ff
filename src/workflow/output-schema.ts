import type { Step } from './definition.ts'
import { checkAgainstSchema } from './input.ts'
import type { Json } from './json-value.ts'
import { shortened } from './quote.ts'

/**
 * Why an output does not meet the `output_schema` that its step declares, for a message; null where it does, or nothing is
 * declared. No output counts as null.
 */
export function outputFault({ output_schema: schema }: Pick<Step, 'output_schema'>, output: Json): string | null {
  if (schema === undefined) return null
  const faults = checkAgainstSchema(schema, output)
  if (faults.length === 0) return null
  return shortened(faults.map(({ path, message }) => `${path || 'the whole'} ${message}`).join('; '))
}
