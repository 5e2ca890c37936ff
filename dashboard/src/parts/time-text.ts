const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** A duration in the two largest units that matter: `840 ms`, `4.2 s`, `3 min 12 s`, `5 h 4 min`, `2 d 3 h`. */
export function durationText(ms: number): string {
  if (ms < 0) return '0 s'
  if (ms < SECOND) return `${Math.round(ms)} ms`
  if (ms < 10 * SECOND) return `${(Math.floor(ms / 100) / 10).toFixed(1)} s`
  if (ms < MINUTE) return `${Math.floor(ms / SECOND)} s`
  if (ms < HOUR) return two(ms, [MINUTE, 'min'], [SECOND, 's'])
  if (ms < DAY) return two(ms, [HOUR, 'h'], [MINUTE, 'min'])
  return two(ms, [DAY, 'd'], [HOUR, 'h'])
}

function two(ms: number, [large, largeName]: [number, string], [small, smallName]: [number, string]): string {
  const rest = Math.floor((ms % large) / small)
  return `${Math.floor(ms / large)} ${largeName}${rest === 0 ? '' : ` ${rest} ${smallName}`}`
}

/**
 * How far `at` is from `now` (ms both): `just now`, `3 min ago`, `in 2 h`; one unit is enough. What is less than 5 s ahead
 * is `now`: clocks differ by as much, so it may have happened.
 */
export function relativeText(at: number, now: number): string {
  const distance = Math.abs(now - at)
  const future = at > now
  if (distance < SECOND * 5) return future ? 'now' : 'just now'
  const units: [number, string][] = [
    [DAY, 'd'],
    [HOUR, 'h'],
    [MINUTE, 'min'],
    [SECOND, 's'],
  ]
  const [size, name] = units.find(([unit]) => distance >= unit) ?? [SECOND, 's']
  const text = `${Math.floor(distance / size)} ${name}`
  return future ? `in ${text}` : `${text} ago`
}

/** A moment as of a zone, the zone named: `21 Nov 2026, 11:03:12 GMT+1`. `ms`: with milliseconds. */
export function absoluteText(at: number, zone: string, { ms = false }: { ms?: boolean } = {}): string {
  return formatter(zone, ms).format(at)
}

const formatters = new Map<string, Intl.DateTimeFormat>()

/** Formatters are slow to make. */
function formatter(zone: string, ms: boolean): Intl.DateTimeFormat {
  const key = `${zone} ${ms}`
  const known = formatters.get(key)
  if (known !== undefined) return known
  const made = new Intl.DateTimeFormat('en-GB', {
    timeZone: zone,
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    timeZoneName: 'short',
    ...(ms ? { fractionalSecondDigits: 3 } : {}),
  })
  formatters.set(key, made)
  return made
}
