/** Clocks that differ by less are taken as one: the header counts whole seconds, and the answer took its time. */
const TOLERANCE_MS = 3_000

let aheadMs = 0

/** Learns from the `date` of an answer how far the server's clock is from ours. */
export function noteServerTime(date: string | null): void {
  const server = date === null ? Number.NaN : Date.parse(date)
  if (Number.isNaN(server)) return
  const difference = server - Date.now()
  aheadMs = Math.abs(difference) < TOLERANCE_MS ? 0 : difference
}

/** Now by the server's clock, ms: what durations of running things are counted to. */
export function serverNow(): number {
  return Date.now() + aheadMs
}
