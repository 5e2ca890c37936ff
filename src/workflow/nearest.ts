import { distance } from 'fastest-levenshtein'

/**
 * The candidate that a misspelt name most likely means: the smallest edit distance (case counts for nothing), at most a
 * third of the name's length, rounded up, or any distance with `atAnyDistance`. Null when none is that near. Ties go to
 * the earlier candidate.
 */
export function nearest(name: string, candidates: Iterable<string>, atAnyDistance = false): string | null {
  const wanted = name.toLowerCase()
  let best: string | null = null
  let bestDistance = atAnyDistance ? Number.POSITIVE_INFINITY : Math.ceil(name.length / 3) + 1
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - name.length) >= bestDistance) continue
    const edits = distance(wanted, candidate.toLowerCase())
    if (edits < bestDistance) {
      best = candidate
      bestDistance = edits
      if (edits === 0) break
    }
  }
  return best
}

/** The end of a message: `; did you mean "charge"?`, or nothing when no candidate is near. */
export function didYouMean(name: string, candidates: Iterable<string>): string {
  const near = nearest(name, candidates)
  return near === null ? '' : `; did you mean "${near}"?`
}

/**
 * The known key that a free key is almost certainly a misspelling of, or null: where other keys are allowed, only small
 * slips count (one edit, or two swapped letters; up to three edits in names of ten letters and more).
 */
export function misspeltKey(key: string, known: Iterable<string>): string | null {
  for (const name of known) {
    if (key === name) return null
  }
  for (const name of known) {
    const edits = distance(key.toLowerCase(), name)
    if (edits <= allowedSlips(name) || (edits === 2 && isAnagram(key.toLowerCase(), name))) return name
  }
  return null
}

function allowedSlips(name: string): number {
  if (name.length >= 10) return 3
  return name.length >= 8 ? 2 : 1
}

function isAnagram(one: string, other: string): boolean {
  return sortedLetters(one) === sortedLetters(other)
}

function sortedLetters(text: string): string {
  return Array.from(text).toSorted().join('')
}
