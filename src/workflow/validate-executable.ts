import { EXECUTABLE_STEP_TYPES, isStepType, mapStepSchema, type Definition, type Step } from './definition.ts'
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
  const check = ({ type, config }: Pick<Step, 'type' | 'config'>, id: string, path: readonly (string | number)[]) => {
    const isExecutable = !isStepType(type) || (EXECUTABLE_STEP_TYPES as readonly string[]).includes(type)
    if (!isExecutable) refuse(pointer(...path, 'type'), `steps of type "${type}" (step "${id}")`)
    if (type === 'map') check(mapStepSchema.parse(config['step']), id, [...path, 'config', 'step'])
  }
  for (const [index, step] of definition.steps.entries()) check(step, step.id, ['steps', index])
  return problems
}
