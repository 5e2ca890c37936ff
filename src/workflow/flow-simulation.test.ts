import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { at } from './at.ts'
import { decide, type Condition, type DependencyFacts, type RunFacts } from './decide.ts'
import { JOINS, type Join } from './definition.ts'
import { firstShape, flowShape, NO_JOB } from './flow-shape.ts'
import { MAX_DEPTH, planWorkflow, ROOT, type Plan } from './plan.ts'
import { LAST } from './segments.ts'
import { isSettled, type StepStatus } from './states.ts'

/**
 * Plans, shapes and decisions together: BullMQ's flow is simulated with random interleavings, crashes and retries, and
 * what comes out is compared with an interpreter that knows nothing of trees, gates and reduction.
 */

type Truth = 'true' | 'false' | 'throws'

interface ScenarioStep {
  edges: { from: number; when: Truth | null; branch: string | null }[]
  join: Join
  tolerant: boolean
  when: Truth | null
  queue: string
  /** How it ends where it executes: one outcome for each life of the run. */
  outcomes: { fails: boolean; branch: string }[]
}

/** One dispatch of a run, and what an operator did before it. */
interface Life {
  /** Which steps run again: those that did not complete, one and all below it, or both. */
  unfinished: boolean
  from: number | null
  /** After so many events each the queue is lost, perhaps with the workers, and the run dispatched anew. */
  crashes: { after: number; killsWorkers: boolean }[]
  /** The run is cancelled after so many events. */
  cancelAfter: number | null
}

interface Scenario {
  steps: ScenarioStep[]
  lives: Life[]
  stopsOnFailure: boolean
  maxDepth: number
  hasSegments: boolean
  /** Chooses among the events that can happen next. */
  choices: number[]
}

interface StepEnd {
  status: StepStatus
  branch: string | null
}

/** What Postgres and the workers hold. */
interface World {
  scenario: Scenario
  plan: Plan
  life: number
  statuses: StepStatus[]
  branches: (string | null)[]
  haltedBy: string | null
  isCancelled: boolean
  /** Attempts under way in living workers, and how each will end: they outlive the flow that started them. */
  attempts: Map<number, StepEnd>
  events: number
  /** How often it has been dispatched. */
  flows: number
}

const LIVES = 3
const rarely = <T>(arbitrary: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 4, arbitrary: fc.constant(null) }, { weight: 1, arbitrary })
const truths = fc.constantFrom<Truth>('true', 'true', 'true', 'false', 'false', 'throws')
const branchNames = fc.constantFrom('left', 'right')

function stepAt(index: number): fc.Arbitrary<ScenarioStep> {
  const edge = fc.record({
    from: fc.nat(Math.max(0, index - 1)),
    when: rarely(truths),
    branch: rarely(branchNames),
  })
  return fc.record({
    edges: fc.array(edge, { maxLength: index === 0 ? 0 : 4 }),
    join: fc.oneof(fc.constant<Join>('all'), fc.constantFrom(...JOINS)),
    tolerant: fc.nat(3).map((dice) => dice === 0),
    queue: fc.nat(3).map((dice) => (dice === 0 ? 'other' : 'default')),
    when: rarely(truths),
    outcomes: fc.array(fc.record({ fails: fc.nat(3).map((dice) => dice === 0), branch: branchNames }), {
      minLength: LIVES,
      maxLength: LIVES,
    }),
  })
}

/** Renames the steps of a graph, so that the order of the file says nothing about the dependencies. */
function reorder(steps: readonly ScenarioStep[], places: readonly number[]): ScenarioStep[] {
  const renamed: ScenarioStep[] = []
  for (const [index, step] of steps.entries()) {
    renamed[at(places, index)] = {
      ...step,
      edges: step.edges.map((edge) => ({ ...edge, from: at(places, edge.from) })),
    }
  }
  return renamed
}

const graphs = fc.integer({ min: 1, max: 12 }).chain((size) => {
  const indexes = Array.from({ length: size }, (_, index) => index)
  return fc
    .tuple(
      fc.tuple(...indexes.map(stepAt)),
      fc.shuffledSubarray(indexes, { minLength: size, maxLength: size }),
      fc.boolean(),
    )
    .map(([steps, places, shuffled]) => (shuffled ? reorder(steps, places) : steps))
})

const scenarios: fc.Arbitrary<Scenario> = fc.record({
  steps: graphs,
  lives: fc.array(
    fc.record({
      unfinished: fc.boolean(),
      from: fc.option(fc.nat(11)),
      crashes: fc.array(fc.record({ after: fc.nat(40), killsWorkers: fc.boolean() }), { maxLength: 2 }),
      cancelAfter: rarely(fc.nat(60)),
    }),
    { minLength: 1, maxLength: LIVES },
  ),
  stopsOnFailure: fc.nat(3).map((dice) => dice === 0),
  maxDepth: fc.constantFrom(1, 2, 3, MAX_DEPTH),
  hasSegments: fc.boolean(),
  choices: fc.array(fc.nat(1_000), { minLength: 1, maxLength: 60 }),
})

function idOf(step: number): string {
  return `s${step}`
}

function conditionOf(truth: Truth | null): Condition | undefined {
  if (truth === null) return undefined
  return () => {
    if (truth === 'throws') throw new Error('no value')
    return truth === 'true'
  }
}

function worldOf(scenario: Scenario): World {
  const plan = planWorkflow(
    {
      sequencing: scenario.hasSegments ? 'segment' : 'step',
      steps: scenario.steps.map((step, index) => ({
        id: idOf(index),
        queue: step.queue,
        join: step.join,
        on_error: step.tolerant ? 'continue' : 'fail',
        depends_on: step.edges.map((edge) => idOf(edge.from)),
      })),
    },
    scenario.maxDepth,
  )
  const { steps } = scenario
  return {
    scenario,
    plan,
    life: 0,
    statuses: steps.map(() => 'pending'),
    branches: steps.map(() => null),
    haltedBy: null,
    isCancelled: false,
    attempts: new Map(),
    events: 0,
    flows: 0,
  }
}

/** What an operator's retry takes back. */
function takeBack(world: World, life: Life): void {
  const { statuses, plan } = world
  const again = new Set<number>()
  if (life.unfinished) for (const [step, status] of statuses.entries()) if (status !== 'completed') again.add(step)
  if (life.from !== null) {
    again.add(life.from % statuses.length)
    const isBelow = new Set([life.from % statuses.length])
    for (const step of plan.order)
      if (at(plan.dependencies, step).some((above) => isBelow.has(above))) isBelow.add(step)
    for (const step of isBelow) again.add(step)
  }
  for (const step of again) {
    statuses[step] = 'pending'
    world.branches[step] = null
  }
  world.haltedBy = null
  world.isCancelled = false
}

/** The decision about a step, and how it ends then. */
function settle(world: World, step: number): StepEnd {
  const { join, when, edges, outcomes } = at(world.scenario.steps, step)
  const dependencies = edges.map((edge): DependencyFacts => ({
    id: idOf(edge.from),
    status: at(world.statuses, edge.from),
    tolerated: at(world.scenario.steps, edge.from).tolerant,
    condition: conditionOf(edge.when),
    branch: edge.branch === null ? undefined : { wanted: edge.branch, taken: at(world.branches, edge.from) },
  }))
  const status = world.isCancelled ? 'cancelling' : 'running'
  const run: RunFacts = { status, jobEpoch: 1, epoch: 1, haltedBy: world.haltedBy }
  const facts = { id: idOf(step), status: at(world.statuses, step), join, when: conditionOf(when) }
  const decision = decide(facts, dependencies, run)
  switch (decision.kind) {
    case 'execute': {
      const { fails, branch } = at(outcomes, world.life)
      return fails ? { status: 'failed', branch: null } : { status: 'completed', branch }
    }
    case 'skip':
      return { status: 'skipped', branch: null }
    case 'cancel':
      return { status: 'cancelled', branch: null }
    case 'fail':
      return { status: 'failed', branch: null }
    case 'settled':
    case 'stale':
    case 'wait':
      throw new Error(`step ${step} came up for nothing: ${decision.kind}`)
  }
}

function commit(world: World, step: number, end: StepEnd): void {
  if (isSettled(at(world.statuses, step))) throw new Error(`step ${step} settled twice`)
  world.attempts.delete(step)
  world.statuses[step] = end.status
  world.branches[step] = end.branch
  const halts = world.scenario.stopsOnFailure && end.status === 'failed'
  if (halts && !at(world.scenario.steps, step).tolerant) world.haltedBy ??= idOf(step)
}

/** BullMQ: jobs that wait for their children and gates, and workers that take them in any order. */
class Flow {
  private readonly world: World
  private readonly parent: number[]
  /** Jobs that are not there from the beginning. */
  private readonly late: boolean[]
  /** What each job waits for: steps, or its gate. */
  private readonly children = new Map<number, Set<number | 'gate'>>()
  /** The next event of each job that is on its way, and of each job that waits (its activation). */
  private readonly next = new Map<number, () => void>()
  isFinished = false

  constructor(world: World) {
    this.world = world
    const isFirst = world.flows++ === 0
    const { parent, gated } = flowShape(world.plan, (step) => isSettled(at(world.statuses, step)))
    this.parent = parent
    this.late = isFirst ? firstShape(world.plan).late : parent.map(() => false)
    this.children.set(ROOT, new Set())
    const isAdded = (step: number): boolean => at(parent, step) !== NO_JOB && !at(this.late, step)
    const added = [...parent.keys()].filter(isAdded)
    for (const step of added) {
      this.children.set(step, new Set(at(gated, step) ? ['gate'] : []))
      this.next.set(step, () => this.activate(step))
    }
    for (const step of added) this.childrenOf(at(parent, step)).add(step)
    this.next.set(ROOT, () => this.finalise())
  }

  /** Everything that can happen now. A job one of whose steps has an attempt under way looks again when that has committed. */
  events(): (() => void)[] {
    const isBusy = (job: number): boolean => this.stepsOf(job).some((step) => this.world.attempts.has(step))
    const isDue = (job: number): boolean => this.childrenOf(job).size === 0 && !isBusy(job)
    return [...this.next].filter(([job]) => isDue(job)).map(([, event]) => event)
  }

  private childrenOf(job: number): Set<number | 'gate'> {
    const children = this.children.get(job)
    if (children === undefined) throw new Error(`${job} has no job in this flow`)
    return children
  }

  private stepsOf(job: number): number[] {
    const steps: number[] = []
    const { successor } = this.world.plan
    for (let step = job; step >= 0; step = successor[step] ?? LAST) steps.push(step)
    return steps
  }

  private activate(job: number): void {
    const { plan, statuses, attempts } = this.world
    const steps = this.stepsOf(job)
    const step = steps.find((each) => !isSettled(at(statuses, each)))
    if (step === undefined) return this.readGates(job, at(steps, steps.length - 1))
    const early = at(plan.dependencies, step).filter((dependency) => !isSettled(at(statuses, dependency)))
    if (early.length > 0) throw new Error(`step ${step} came up before ${early.join()} had settled`)
    attempts.set(step, settle(this.world, step))
  }

  private readGates(job: number, step: number): void {
    const { plan, statuses } = this.world
    const due = at(plan.opens, step).filter((gated) =>
      at(plan.openers, gated).every((opener) => isSettled(at(statuses, opener))),
    )
    this.next.set(job, () => this.openGates(job, due))
  }

  private openGates(job: number, due: readonly number[]): void {
    for (const gated of due) {
      if (at(this.late, gated)) this.addLate(gated)
      else this.children.get(gated)?.delete('gate')
    }
    this.next.set(job, () => this.acknowledge(job))
  }

  /** Two that settle at the same moment both add it. */
  private addLate(step: number): void {
    if (this.children.has(step)) return
    const above = at(this.parent, step)
    if (this.childrenOf(above).size === 0)
      throw new Error(`${above} does not wait for ${step}, which is yet to be added`)
    this.childrenOf(above).add(step)
    this.children.set(step, new Set())
    this.next.set(step, () => this.activate(step))
  }

  private acknowledge(job: number): void {
    this.next.delete(job)
    this.childrenOf(at(this.parent, job)).delete(job)
  }

  private finalise(): void {
    if (!this.world.statuses.every(isSettled)) throw new Error('the root job came up before all steps had settled')
    if (this.next.size > 1) throw new Error('the root job was not the last')
    this.next.clear()
    this.isFinished = true
  }
}

/** Runs one life to its end, through crashes of the queue. */
function live(world: World, life: Life): void {
  const { choices } = world.scenario
  const crashes = [...life.crashes]
  let flow = new Flow(world)
  for (let count = 0; !flow.isFinished; count += 1) {
    const crash = crashes[0]
    if (crash !== undefined && count >= crash.after) {
      crashes.shift()
      count = 0
      if (crash.killsWorkers) world.attempts.clear()
      flow = new Flow(world)
    }
    if (life.cancelAfter !== null && count >= life.cancelAfter) world.isCancelled = true
    const commits = [...world.attempts].map(
      ([step, end]) =>
        () =>
          commit(world, step, end),
    )
    const events = [...flow.events(), ...commits]
    if (events.length === 0) throw new Error('nothing can happen any more, and the run has not ended')
    const choice = at(choices, world.events % choices.length) + world.events
    world.events += 1
    at(events, choice % events.length)()
  }
}

/** The interpreter to compare with: the graph as declared, dependencies first, each join written out as the format's page has it. */
function interpret(world: World): StepStatus[] {
  const { steps } = world.scenario
  const known = world.statuses.map((status, step) => ({ status, branch: world.branches[step] ?? null }))
  const endOf = (step: number): StepEnd => {
    const before = at(known, step)
    if (isSettled(before.status)) return before
    const end = interpretStep(at(steps, step), world, endOf)
    known[step] = end
    return end
  }
  return steps.map((_, step) => endOf(step).status)
}

type Possible = 'ok' | 'inactive' | 'failed'

function interpretStep(step: ScenarioStep, world: World, endOf: (step: number) => StepEnd): StepEnd {
  // A condition without a value may be true or false: try both, and fail if that makes a difference.
  let worlds: Possible[][] = [[]]
  for (const edge of step.edges) {
    const end = endOf(edge.from)
    const counts =
      end.status === 'completed' || (end.status === 'failed' && at(world.scenario.steps, edge.from).tolerant)
    let possible: Possible[] = ['ok']
    if (edge.when === 'throws') possible = ['ok', 'inactive']
    if (edge.when === 'false') possible = ['inactive']
    if (edge.branch !== null && (end.status !== 'completed' || end.branch !== edge.branch)) possible = ['inactive']
    if (!counts) possible = end.status === 'skipped' ? ['inactive'] : ['failed']
    worlds = worlds.flatMap((edges) => possible.map((each) => [...edges, each]))
  }
  const answers = new Set(worlds.map((edges) => edges.length === 0 || joins(step.join, edges)))
  if (answers.size === 2) return { status: 'failed', branch: null }
  if (answers.has(false) || step.when === 'false') return { status: 'skipped', branch: null }
  const { fails, branch } = at(step.outcomes, world.life)
  return fails || step.when === 'throws' ? { status: 'failed', branch: null } : { status: 'completed', branch }
}

function joins(join: Join, edges: readonly Possible[]): boolean {
  const ok = edges.filter((edge) => edge === 'ok').length
  const failed = edges.filter((edge) => edge === 'failed').length
  if (join === 'all') return ok === edges.length
  if (join === 'any') return ok > 0
  if (join === 'none_failed') return failed === 0 && ok > 0
  return true
}

describe('a simulated run', () => {
  test(
    'settles every step once, after its dependencies, and as the naive interpreter says',
    { timeout: 60_000 },
    () => {
      fc.assert(
        fc.property(scenarios, (scenario) => {
          const world = worldOf(scenario)
          for (const [life, plans] of scenario.lives.entries()) {
            world.life = life
            if (life > 0) takeBack(world, plans)
            const expected = interpret(world)
            live(world, plans)
            // Which steps a stop or a cancellation still meets depends on the order of events.
            const isDetermined = !scenario.stopsOnFailure && !world.isCancelled
            expect(world.statuses).toEqual(isDetermined ? expected : world.statuses.filter(isSettled))
          }
        }),
        { numRuns: 2_000 },
      )
    },
  )
})
