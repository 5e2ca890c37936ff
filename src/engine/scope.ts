import type { ActivationRow } from '../db/activation.ts'
import type { ChildRow } from '../db/park.ts'
import type { Condition, DependencyFacts, RunFacts, StepFacts, StepRole } from '../workflow/decide.ts'
import { evaluateCondition, type Scope } from '../workflow/expressions.ts'
import type { Json } from '../workflow/json-value.ts'
import type { Activation } from './activate.ts'

/** What the data that a step sees is made of. */
type Sight = Pick<Activation, 'workflow' | 'step' | 'order'> & {
  run: { input: Json; context: Json }
  row: Pick<ActivationRow, 'needs'>
  child: Pick<ChildRow, 'item'> | null
}

/** The data that the bindings and expressions of a step see. */
export function scopeOf({ run, workflow, step, row, order, child }: Sight): Scope {
  const views = new Map(step.needs.map((index, position) => [workflow.steps[index]!.id, row.needs[position]]))
  const scope = { input: run.input, context: run.context, order, steps: (id: string) => views.get(id) }
  const item = child?.item ?? null
  return item === null ? scope : { ...scope, item: item.value, index: item.index }
}

/** The facts that {@link decide} decides from. */
export function factsOf(activation: Activation): [StepFacts, DependencyFacts[], RunFacts] {
  const { step, row } = activation
  const scope = scopeOf(activation)
  const condition = (text: string | undefined): Condition | undefined =>
    text === undefined ? undefined : () => evaluateCondition(text, scope)
  return [
    {
      id: step.id,
      status: row.status,
      join: step.step.join,
      when: condition(step.step.when),
      parkedOn: row.status === 'waiting' ? row.waitingFor?.kind : undefined,
      role: roleOf(activation),
    },
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

/** The map of an item is the one dependency that was read for it. */
function roleOf({ child, row, admitted }: Activation): StepRole | undefined {
  if (child === null) return undefined
  if (child.itemIndex === null) return { kind: 'compensation' }
  return { kind: 'item', map: row.dependencies[0]!.status, admitted }
}
