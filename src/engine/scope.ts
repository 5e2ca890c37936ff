import type { DependencyFacts, RunFacts, StepFacts } from '../workflow/decide.ts'
import { evaluateCondition, type Scope } from '../workflow/expressions.ts'
import type { Activation } from './activate.ts'

/** The data that the bindings and expressions of an activated step see. */
export function scopeOf({ run, workflow, step, row, order }: Activation): Scope {
  const views = new Map(step.needs.map((index, position) => [workflow.steps[index]!.id, row.needs[position]]))
  return { input: run.input, context: run.context, order, steps: (id) => views.get(id) }
}

/** The facts that {@link decide} decides from. */
export function factsOf(activation: Activation): [StepFacts, DependencyFacts[], RunFacts] {
  const { step, row } = activation
  const scope = scopeOf(activation)
  const condition = (text: string | undefined) =>
    text === undefined ? undefined : () => evaluateCondition(text, scope)
  return [
    { id: step.id, status: row.status, join: step.step.join, when: condition(step.step.when) },
    step.dependencies.map((edge, position) => {
      const dependency = row.dependencies[position]!
      return {
        id: edge.id,
        status: dependency.status,
        tolerated: edge.tolerated,
        condition: condition(edge.when),
        branch: edge.branch === undefined ? undefined : { wanted: edge.branch, taken: dependency.branch },
      }
    }),
    { status: row.runStatus, jobEpoch: activation.jobEpoch, epoch: row.epoch, haltedBy: row.haltedBy },
  ]
}
