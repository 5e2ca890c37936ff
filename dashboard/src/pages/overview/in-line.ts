/** States of jobs that a worker could take now, were the queue not paused. */
const IN_LINE = ['wait', 'waiting', 'prioritized', 'paused']

/** How many jobs of a queue only want a worker, by its counts. */
export function jobsInLine(counts: Readonly<Record<string, number>>): number {
  return IN_LINE.reduce((total, state) => total + (counts[state] ?? 0), 0)
}

/** The same of all queues; gates are not for workers. */
export function allInLine(queues: Readonly<Record<string, Readonly<Record<string, number>>>>): number {
  return Object.entries(queues).reduce((sum, [name, counts]) => sum + (name === 'gates' ? 0 : jobsInLine(counts)), 0)
}
