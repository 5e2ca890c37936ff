import type { History, Stats } from '../../api/shapes.ts'
import type { AnyStatus, Tone } from '../../parts/status.ts'
import { jobsInLine } from './in-line.ts'

/** Something that a person should look at. */
export interface Need {
  key: string
  tone: Tone
  text: string
  /** Runs of this status are meant. */
  status?: Extract<AnyStatus, 'failed' | 'paused'>
  /** Where else to look: in Bull Board, among the approvals. */
  place?: 'queues' | 'approvals'
}

/** What needs somebody, the worst first; `during`: words for the time of the history, like "hour". */
export function needsOf(stats: Stats, history: History, during: string): Need[] {
  const failed = history.buckets.reduce((sum, bucket) => sum + bucket.failed, 0)
  const { open } = stats.approvals
  const { paused } = stats.runs
  const needs: (Need | false)[] = [
    stats.queues === null && {
      key: 'queue',
      tone: 'red',
      text: 'The queue does not answer: nothing starts until it does',
    },
    stats.workers.length === 0 && {
      key: 'workers',
      tone: 'red',
      text: 'No worker is alive: nothing is executed until one is',
    },
    ...queuesUnserved(stats),
    ...Object.entries(stats.queues ?? {}).map(([name, counts]) => pausedQueue(name, counts)),
    failed > 0 && {
      key: 'failed',
      tone: 'red',
      text: `${count(failed, 'run')} failed in the last ${during}`,
      status: 'failed',
    },
    open > 0 && {
      key: 'approvals',
      tone: 'violet',
      text: `${count(open, 'approval')} ${open === 1 ? 'is' : 'are'} open`,
      place: 'approvals',
    },
    paused > 0 && {
      key: 'paused',
      tone: 'amber',
      text: `${count(paused, 'run')} ${paused === 1 ? 'is' : 'are'} paused`,
      status: 'paused',
    },
  ]
  return needs.filter((need) => need !== false)
}

/** Queues of steps with jobs in line, of which no worker takes any; told only while there are workers at all. */
function queuesUnserved({ queues, workers }: Stats): Need[] {
  if (workers.length === 0) return []
  const served = new Set(workers.flatMap((worker) => worker.queues.map((name) => `steps-${name}`)))
  return Object.entries(queues ?? {}).flatMap(([name, counts]) => {
    const waiting = jobsInLine(counts)
    if (!name.startsWith('steps-') || served.has(name) || waiting === 0) return []
    const text = `${count(waiting, 'job')} ${waiting === 1 ? 'waits' : 'wait'} in queue ${name}, which no worker serves`
    return [{ key: `unserved ${name}`, tone: 'red', text, place: 'queues' }]
  })
}

function pausedQueue(name: string, counts: Readonly<Record<string, number>>): Need | false {
  const { paused = 0 } = counts
  if (paused === 0) return false
  return {
    key: `queue ${name}`,
    tone: 'amber',
    text: `Queue ${name} is paused, with ${count(paused, 'job')} in it`,
    place: 'queues',
  }
}

function count(number: number, word: string): string {
  return `${number.toLocaleString('en')} ${word}${number === 1 ? '' : 's'}`
}
