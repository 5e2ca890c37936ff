import { cronFault, timezoneFault } from './cron.ts'
import type { Draft } from './draft.ts'
import { checkInput, schemaFaults } from './input.ts'
import { pointer, type ProblemList } from './problems.ts'

/** Checks the times of cron triggers, and that the runs they start get an input that the workflow takes. */
export function checkTriggers({ crons, inputSchema }: Draft, problems: ProblemList): void {
  // What is wrong with the schema is told where it stands.
  const schema = inputSchema !== undefined && schemaFaults(inputSchema).length > 0 ? undefined : inputSchema
  for (const { index, cron, timezone, input = {} } of crons) {
    const add = (key: string, fault: string | null) => {
      if (fault !== null) problems.add('invalid_definition', pointer('triggers', index, key), fault)
    }
    if (cron !== undefined) add('cron', cronFault(cron))
    if (timezone !== undefined) add('timezone', timezoneFault(timezone))
    for (const { path, code, message } of checkInput(schema, input)) {
      problems.add(code, pointer('triggers', index) + path, `does not match input_schema: ${message}`)
    }
  }
}
