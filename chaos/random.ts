import { createHash } from 'node:crypto'

/** Numbers that look random and are the same for the same seed, on every machine. */
export interface Random {
  /** From 0 (inclusive) to 1 (exclusive). */
  next(): number
  /** From `low` (inclusive) to `high` (exclusive). */
  between(low: number, high: number): number
  /** One of the list, which must not be empty. */
  pick<T>(list: readonly T[]): T
  /** The list in another order. */
  shuffle<T>(list: readonly T[]): T[]
}

const BYTES = 6

/** A stream of numbers; streams of other names do not depend on how many of this one were taken. */
export function randomOf(seed: number, stream: string): Random {
  let taken = 0
  const next = () => {
    const hash = createHash('sha256').update(`${stream}:${seed}:${taken}`).digest()
    taken += 1
    return hash.readUIntBE(0, BYTES) / 2 ** (8 * BYTES)
  }
  return {
    next,
    between: (low, high) => low + next() * (high - low),
    pick: (list) => list[Math.floor(next() * list.length)]!,
    shuffle: (list) =>
      list
        .map((item) => ({ item, place: next() }))
        .sort((a, b) => a.place - b.place)
        .map(({ item }) => item),
  }
}
