/** Figures that were measured several times, and what is said of them. */

/** One thing that is measured of several contestants in the same rounds. */
export interface Measure {
  name: string
  unit: string
  /** Which way is better; a ratio above 1 is a larger figure either way. */
  better: 'more' | 'less'
  /** The first is what the others are compared with. */
  samples: Sample[]
}

/** The figures of one contestant, one a round. */
export interface Sample {
  contestant: string
  values: number[]
}

/** A median with its spread. */
export interface Summary {
  median: number
  min: number
  max: number
}

/** The part of a suite's answer that is printed and kept. */
export interface SuiteResult {
  suite: string
  /** What was measured how, in a sentence or two. */
  about: string
  measures: Measure[]
}

/** Median, least and most of at least one figure. */
export function summarise(values: readonly number[]): Summary {
  const sorted = [...values].sort((a, b) => a - b)
  return { median: quantile(sorted, 0.5), min: sorted[0]!, max: sorted.at(-1)! }
}

/** The value below which `part` of the sorted values lie, between neighbours by proportion. */
export function quantile(sorted: readonly number[], part: number): number {
  const place = (sorted.length - 1) * part
  const below = sorted[Math.floor(place)]!
  return below + (sorted[Math.ceil(place)]! - below) * (place - Math.floor(place))
}

/** How many times the first contestant's figure each has: round by round, so that what slows a round slows both. */
export function ratios(measure: Measure, sample: Sample): Summary {
  const base = measure.samples[0]!.values
  return summarise(sample.values.map((value, round) => value / base[round]!))
}

/**
 * Lets each contestant do `work` once a round, and keeps what it answers: in turn forwards and backwards, so that none
 * always comes after the same other. Every list of answers has the name of its contestant.
 */
export async function alternate<Contestant extends { name: string }>(
  rounds: number,
  contestants: readonly Contestant[],
  work: (contestant: Contestant, round: number) => Promise<number>,
): Promise<Sample[]> {
  const samples = contestants.map(({ name }): Sample => ({ contestant: name, values: [] }))
  const order = contestants.map((contestant, index) => ({ contestant, sample: samples[index]! }))
  for (let round = 0; round < rounds; round += 1) {
    for (const { contestant, sample } of round % 2 === 0 ? order : order.toReversed())
      sample.values.push(await work(contestant, round))
  }
  return samples
}

/** {@link alternate} for work that gives many times, in ms: their medians, and their 99th percentiles, as two measures. */
export async function alternateTimes<Contestant extends { name: string }>(
  name: string,
  rounds: number,
  contestants: readonly Contestant[],
  work: (contestant: Contestant) => Promise<number[]>,
): Promise<Measure[]> {
  const late = contestants.map((contestant): Sample => ({ contestant: contestant.name, values: [] }))
  const middle = await alternate(rounds, contestants, async (contestant) => {
    const times = (await work(contestant)).sort((a, b) => a - b)
    late[contestants.indexOf(contestant)]!.values.push(quantile(times, 0.99))
    return quantile(times, 0.5)
  })
  return [
    { name: `${name}, p50`, unit: 'ms', better: 'less', samples: middle },
    { name: `${name}, p99`, unit: 'ms', better: 'less', samples: late },
  ]
}

/** The measures as a table of Markdown, one line a contestant. */
export function tableOf({ about, measures }: SuiteResult): string {
  const lines = measures.flatMap((measure) =>
    measure.samples.map((sample, index) => {
      const { median, min, max } = summarise(sample.values)
      const ratio = ratios(measure, sample)
      return [
        index === 0 ? `${measure.name}, ${measure.unit}` : '',
        sample.contestant,
        digits(median),
        `${digits(min)} to ${digits(max)}`,
        index === 0 ? '1' : ratioText(ratio),
      ]
    }),
  )
  const table = [['measure', 'contestant', 'median', 'spread', 'ratio'], ...lines]
  const widths = table[0]!.map((_, column) => Math.max(...table.map((line) => line[column]!.length)))
  const rows = table.map((line) => `| ${line.map((cell, column) => cell.padEnd(widths[column]!)).join(' | ')} |`)
  rows.splice(1, 0, `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`)
  return `${about}\n\n${rows.join('\n')}`
}

/** Empty where the first contestant has next to nothing of what is measured. */
function ratioText({ median, min, max }: Summary): string {
  return Number.isFinite(max) && median < 100 ? `${median.toFixed(2)} (${min.toFixed(2)} to ${max.toFixed(2)})` : ''
}

function digits(value: number): string {
  const decimals = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2
  return value.toLocaleString('en', { minimumFractionDigits: decimals, maximumFractionDigits: decimals })
}
