import type { Worker } from 'bullmq'

/** What BullMQ's backend answers where no job waits: no data, no id, no limit, and no time to wait for. */
const NOTHING = [null, 0, 0, 0]

/**
 * Has an idle worker of BullMQ on Redis that a job wakes listen again, instead of asking for another first. BullMQ 6.7 asks until
 * there is none, and listens then; but the marker that every taking leaves in Redis wakes it at once, and it asks again. So a
 * job that comes alone costs three questions, two of them in vain, at the very moment that its step is on its way to Postgres.
 * Here, the second is answered without Redis; were there more jobs, the marker has them taken. A run of one step takes 0.2 ms
 * less, of 4.5 (bench, suite `floor`).
 *
 * Not while jobs are in hand: those that come up then share Postgres's round trips if they are taken in one go.
 */
export function listenPromptly(worker: Worker, jobsInHand: () => number): void {
  const { backend } = worker
  const wait = backend.waitForJob.bind(backend)
  const take = backend.moveToActive.bind(backend)
  let wasIdle = false
  let asksInVain = false
  backend.waitForJob = async (timeout) => {
    asksInVain = false
    const marker = await wait(timeout)
    wasIdle = jobsInHand() === 0
    return marker
  }
  backend.moveToActive = async (token, name) => {
    if (asksInVain) {
      asksInVain = false
      return [...NOTHING]
    }
    const taken: unknown[] = await take(token, name)
    asksInVain = wasIdle && taken[0] !== null
    wasIdle = false
    return taken
  }
}
