import { Progress, Text } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { type BulkAction, controlRun, countBulk, doBulk, type RunAction, type RunFilter } from '../../api/run-list.ts'
import type { RunEntry } from '../../api/shapes.ts'
import { ask } from '../../parts/ask.tsx'
import { askTyped } from '../../parts/ask-typed.tsx'
import { toastDone, toastError } from '../../parts/toasts.tsx'
import { LIMITS } from '../../../../src/workflow/limits.ts'
import { isFinished } from '../../../../src/workflow/states.ts'

/** Above this many runs the number must be typed. */
const TYPED_ABOVE = 100
/** Requests under way at once. */
const AT_ONCE = 5
/** How often the server is asked how far it has come, ms. */
const EVERY_MS = 700
/** Answers in a row without any headway, after which nothing more is awaited. */
const PATIENCE = 15

/** Whether an action is for a run as it is. */
export function suits(action: RunAction, { status, compensation }: RunEntry): boolean {
  if (action === 'rerun') return true
  if (action === 'cancel') return !isFinished(status) && status !== 'cancelling'
  return (status === 'failed' || status === 'cancelled') && compensation === null
}

/** Asks, then does something to runs one by one; whether it was done. */
export async function controlSelected(action: RunAction, runs: readonly RunEntry[]): Promise<boolean> {
  const suitable = runs.filter((run) => suits(action, run))
  const left = runs.length - suitable.length
  if (!(await confirmed(action, suitable.length, left > 0 ? leftText(action, left) : ''))) return false
  const refusals = await withProgress(action, suitable)
  const done = suitable.length - refusals.length
  if (done > 0) toastDone(doneText(action, done))
  if (refusals.length > 0) toastError(new Error(`${refusals.length} refused. ${refusals[0]?.message}`))
  return true
}

/** Asks with the number of runs that a filter finds, then does something to all of them; whether it was done. */
export async function controlAll(action: BulkAction, filter: RunFilter): Promise<boolean> {
  const count = await countBulk(action, filter)
  const areAll = count < LIMITS.bulkRuns
  const text = areAll
    ? 'These are all that the filters find, also those that are not loaded. '
    : 'These are the newest that the filters find, and as many as can be done at once: ask again for the others. '
  if (!(await confirmed(action, count, text))) return false
  const matched = await doBulk(action, filter)
  // How many are left cannot be told from how many the filters find while there are more.
  if (areAll) void follow(action, filter, matched)
  else toastDone(doneText(action, matched))
  return true
}

async function confirmed(action: RunAction, count: number, text: string): Promise<boolean> {
  if (count === 0) {
    toastError(new Error(`None of these runs can be ${action === 'cancel' ? 'cancelled' : 'retried'}.`))
    return false
  }
  const question = {
    title: `${VERBS[action]} ${runsText(count)}?`,
    text: text + EFFECTS[action],
    confirm: `${VERBS[action]} ${runsText(count)}`,
    danger: action === 'cancel',
  }
  return await (count > TYPED_ABOVE ? askTyped({ ...question, word: String(count) }) : ask(question))
}

const VERBS: Record<RunAction, string> = { cancel: 'Cancel', retry: 'Retry', rerun: 'Rerun' }

const DOING: Record<RunAction, string> = { cancel: 'Cancelling', retry: 'Retrying', rerun: 'Starting again' }

const DONE: Record<BulkAction, string> = { cancel: 'Cancelled', retry: 'Retried' }

const EFFECTS: Record<RunAction, string> = {
  cancel:
    'Steps that run are told to stop; what they have done stays done. A cancelled run can be retried, unless what it did is undone.',
  retry: 'Steps that failed, were cancelled or skipped run again; completed ones keep their results.',
  rerun: 'Each is started once more from the beginning, as a new run of the same version with the same input.',
}

function leftText(action: RunAction, left: number): string {
  const why = action === 'cancel' ? 'ended already' : 'not failed or cancelled'
  return `${runsText(left)} of the selection ${left === 1 ? 'is' : 'are'} left alone: ${why}. `
}

function doneText(action: RunAction, count: number): string {
  return `${DOING[action]} ${runsText(count)}`
}

function runsText(count: number): string {
  return count === 1 ? '1 run' : `${count.toLocaleString('en')} runs`
}

/** Shows how far the server has come with an action, until it is through or comes no further. */
async function follow(action: BulkAction, filter: RunFilter, total: number): Promise<void> {
  const bar = openBar(action, total)
  let left = total
  let stalled = 0
  while (left > 0 && stalled < PATIENCE) {
    await new Promise((resolve) => setTimeout(resolve, EVERY_MS))
    const now = await countBulk(action, filter).catch(() => left)
    stalled = now < left ? 0 : stalled + 1
    left = Math.min(left, now)
    bar.show(total - left)
  }
  bar.close()
  toastDone(left === 0 ? `${DONE[action]} ${runsText(total)}` : doneText(action, total))
}

/** Sends the requests, a few at once, under a bar that fills; what was refused. */
async function withProgress(action: RunAction, runs: readonly RunEntry[]): Promise<Error[]> {
  const refusals: Error[] = []
  const rest = [...runs]
  let done = 0
  const bar = runs.length > AT_ONCE ? openBar(action, runs.length) : null
  const lane = async () => {
    for (let run = rest.shift(); run !== undefined; run = rest.shift()) {
      await controlRun(run.id, action).catch((error: unknown) => refusals.push(error as Error))
      done++
      bar?.show(done)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, lane))
  bar?.close()
  return refusals
}

/** A bar that fills, in a toast that stays until it is closed. */
function openBar(action: RunAction, total: number) {
  const id = `bulk-${action}-${Date.now()}`
  const toast = (done: number) => ({
    id,
    autoClose: false,
    withCloseButton: false,
    message: (
      <>
        <Text size="sm">
          {doneText(action, total)}: {done.toLocaleString('en')} done
        </Text>
        <Progress value={(done / total) * 100} aria-label="Done" mt={4} />
      </>
    ),
  })
  notifications.show(toast(0))
  return { show: (done: number) => notifications.update(toast(done)), close: () => notifications.hide(id) }
}
