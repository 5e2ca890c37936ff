import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { sendJson } from '../../../api/client.ts'
import { keys } from '../../../api/keys.ts'
import { ApiError } from '../../../api/problem-error.ts'
import type { Run } from '../../../api/shapes.ts'
import { onceRunLeaves } from '../../../live/run-leaves.ts'
import { ask, type Question } from '../../../parts/ask.tsx'
import { toastDone, toastError } from '../../../parts/toasts.tsx'
import type { RunStatus } from '../../../../../src/workflow/states.ts'

/** Something that an operator does to a run. */
export interface Control {
  /** Last word of the route: `cancel`. */
  verb: 'cancel' | 'pause' | 'resume' | 'retry'
  body?: { from?: string }
  /** Asked before; none where nothing is lost. */
  question?: Question
  /** What is said when it went: "Paused". */
  done: string
  undo?: Undo
}

/** Takes a control back, as long as the run is in the state that it brought about. */
interface Undo {
  verb: 'resume'
  from: RunStatus
}

/** Does controls, one at a time: asks, sends, shows the run as it then is, and says what came of it. */
export function useControl(run: Run): { busy: boolean; control: (control: Control) => Promise<void> } {
  const cache = useQueryClient()
  const [busy, setBusy] = useState(false)
  const send = async (verb: Control['verb'], body?: Control['body']) => {
    const queryKey = keys.run(run.id)
    const updates = () => cache.getQueryState(queryKey)?.dataUpdateCount
    const before = updates()
    const answer = await sendJson<Run>('POST', `runs/${run.id}/${verb}`, body)
    // The stream may have told of something newer before the answer came.
    if (updates() === before) cache.setQueryData(queryKey, answer)
    void cache.invalidateQueries({ queryKey, exact: true })
  }
  const undoOf = ({ verb, from }: Undo) => ({
    undo: () => send(verb),
    untilOver: (over: () => void) => onceRunLeaves(cache, run.id, from, over),
  })
  const control = async ({ verb, body, question, done, undo }: Control) => {
    if (question !== undefined && !(await ask(question))) return
    setBusy(true)
    try {
      await send(verb, body)
      toastDone(done, undo === undefined ? {} : undoOf(undo))
    } catch (error) {
      toastError(error)
      // Refused for the state that the run is in: show that state.
      if (error instanceof ApiError && error.status === 409)
        await cache.invalidateQueries({ queryKey: keys.run(run.id) })
    } finally {
      setBusy(false)
    }
  }
  return { busy, control }
}
