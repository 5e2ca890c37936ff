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
