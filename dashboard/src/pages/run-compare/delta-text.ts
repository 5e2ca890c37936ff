import { durationText } from '../../parts/time-text.ts'

/** How much longer or shorter, ms: `2 s longer`, `340 ms shorter`, `as long`. */
export function deltaText(deltaMs: number): string {
  if (Math.round(deltaMs) === 0) return 'as long'
  return `${durationText(Math.abs(deltaMs))} ${deltaMs > 0 ? 'longer' : 'shorter'}`
}
