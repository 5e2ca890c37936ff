/**
 * Makes a costly question cheap to repeat: whoever asks within `freshMs` of an answer, or while it is being found, gets
 * the same one. A failure is not kept.
 */
export function shared<Answer>(freshMs: number, find: () => Promise<Answer>): () => Promise<Answer> {
  let last: { at: number; answer: Promise<Answer> } | null = null
  return () => {
    const now = performance.now()
    if (last !== null && now - last.at < freshMs) return last.answer
    const answer = find()
    last = { at: now, answer }
    answer.catch(() => {
      if (last?.answer === answer) last = null
    })
    return answer
  }
}

/** Settles as `work` does, or rejects when that takes longer than `ms`. */
export async function within<Value>(ms: number, work: Promise<Value>): Promise<Value> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ms} ms`)), ms)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
