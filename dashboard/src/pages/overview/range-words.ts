import type { HistoryRange } from '../../api/overview.ts'

/** Stretches of time, to stand behind "the last". */
export const RANGE_WORDS: Record<HistoryRange, string> = {
  '1h': 'hour',
  '6h': '6 hours',
  '24h': '24 hours',
  '7d': '7 days',
}
