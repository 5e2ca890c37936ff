import type { CompiledStep, CompiledWorkflow } from './compile.ts'

/** A row of a run, found by its step id: a step of the definition, an item of a map, or a compensation. */
export interface FoundStep {
  kind: 'step' | 'item' | 'compensation'
  /** With the id that was asked for; index -1 where it is no step of the definition itself. */
  step: CompiledStep
  /** The map of an item, or the step that is compensated; null for a step of the definition. */
  parentId: string | null
  /** Index of the step of the definition that it belongs to: itself, the outermost map, or the step that is compensated. */
  rootIndex: number
}

const CHILD_ID = /^([^[\].]+)((?:\[(?:0|[1-9]\d*)\])*)(\.compensate)?$/

/**
 * The steps to read for what a step reads, its row's parent at hand: in a compensation the id of the step means what is
 * compensated, which in a map is the item.
 */
export function rowsNeeded({ kind, step, rootIndex }: FoundStep, parentIndex: number): readonly number[] {
  return kind === 'compensation' ? step.needs.map((index) => (index === rootIndex ? parentIndex : index)) : step.needs
}

/**
 * What a step id of a run stands for: `charge` is the step, `charge[3]` an item of the map of that name, `charge[3][0]` an
 * item of a map within a map, and `charge.compensate` or `charge[3].compensate` what undoes it. Null where the definition
 * has nothing of the kind. How many items there are only the run knows: any number is found.
 */
export function findStep(workflow: CompiledWorkflow, stepId: string): FoundStep | null {
  const index = workflow.indexOf.get(stepId)
  const known = index === undefined ? undefined : workflow.steps[index]
  if (known !== undefined) return { kind: 'step', step: known, parentId: null, rootIndex: known.index }
  const [, rootId = '', brackets = '', suffix] = CHILD_ID.exec(stepId) ?? []
  const root = workflow.steps[workflow.indexOf.get(rootId) ?? -1]
  if (root === undefined) return null
  const places = Array.from(brackets.matchAll(/\d+/g), ([digits]) => Number(digits))
  const item = places.reduce<CompiledStep | null>((step) => step?.itemStep ?? null, root)
  const step = suffix === undefined ? item : (item?.compensation ?? null)
  if (step === null) return null
  const parentId = stepId.slice(0, stepId.lastIndexOf(suffix ?? '['))
  return {
    kind: suffix === undefined ? 'item' : 'compensation',
    step: { ...step, id: stepId },
    parentId,
    rootIndex: root.index,
  }
}
