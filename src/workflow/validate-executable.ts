import { EXECUTABLE_STEP_TYPES, isStepType, type Definition } from './definition.ts'
import { pointer, type Problem } from './problems.ts'

/**
 * What a valid definition asks for that this version cannot do yet. Such a definition may be stored; starting a run of
 * it is refused with these problems. Empty where a run can start.
 */
export function executableProblems(definition: Definition): Problem[] {
  const problems: Problem[] = []
  const refuse = (path: string, what: string) => {
    problems.push({ path, code: 'not_supported', message: `this version cannot run ${what} yet` })
  }
  for (const [index, step] of definition.steps.entries()) {
    const isExecutable = !isStepType(step.type) || (EXECUTABLE_STEP_TYPES as readonly string[]).includes(step.type)
    if (!isExecutable) refuse(pointer('steps', index, 'type'), `steps of type "${step.type}" (step "${step.id}")`)
  }
  return problems
}
