import { describe, expect, test } from 'vitest'
import { alternate, alternateTimes, quantile, ratios, summarise, tableOf, type Measure } from './figures.ts'

describe('figures', () => {
  test('are summarised by their median, the least and the most', () => {
    expect(summarise([5, 1, 9, 3, 7])).toEqual({ median: 5, min: 1, max: 9 })
    expect(summarise([4, 1])).toEqual({ median: 2.5, min: 1, max: 4 })
    expect(summarise([2])).toEqual({ median: 2, min: 2, max: 2 })
  })

  test('have percentiles between neighbours, by proportion', () => {
    const hundred = Array.from({ length: 101 }, (_, n) => n)
    expect(quantile(hundred, 0.99)).toBe(99)
    expect(quantile([0, 10], 0.25)).toBe(2.5)
  })

  test('are compared round by round, so that a slow round counts for both', () => {
    const measure: Measure = {
      name: 'chain',
      unit: 'steps/s',
      better: 'more',
      samples: [
        { contestant: 'floor', values: [100, 10, 200] },
        { contestant: 'ours', values: [50, 9, 100] },
      ],
    }
    expect(ratios(measure, measure.samples[1]!)).toEqual({ median: 0.5, min: 0.5, max: 0.9 })
    const table = tableOf({ suite: 'floor', about: 'About.', measures: [measure] })
    expect(table.split('\n').map((line) => line.replaceAll(/ +/g, ' '))).toEqual([
      'About.',
      '',
      '| measure | contestant | median | spread | ratio |',
      expect.stringMatching(/^\| -+ \| -+ \| -+ \| -+ \| -+ \|$/),
      '| chain, steps/s | floor | 100 | 10.0 to 200 | 1 |',
      '| | ours | 50.0 | 9.00 to 100 | 0.50 (0.50 to 0.90) |',
    ])
  })
})

describe('contestants', () => {
  const contestants = ['a', 'b', 'c'].map((name) => ({ name }))

  test('take turns forwards and backwards, and each keeps its figures', async () => {
    const turns: string[] = []
    const samples = await alternate(3, contestants, async ({ name }, round) => {
      turns.push(name + round)
      return turns.length
    })
    expect(turns).toEqual(['a0', 'b0', 'c0', 'c1', 'b1', 'a1', 'a2', 'b2', 'c2'])
    expect(samples).toEqual([
      { contestant: 'a', values: [1, 6, 7] },
      { contestant: 'b', values: [2, 5, 8] },
      { contestant: 'c', values: [3, 4, 9] },
    ])
  })

  test('that are timed have a median and a 99th percentile a round', async () => {
    const measures = await alternateTimes('latency', 2, contestants.slice(0, 1), async () => [3, 1, 2])
    expect(measures.map(({ name, samples }) => [name, samples])).toEqual([
      ['latency, p50', [{ contestant: 'a', values: [2, 2] }]],
      ['latency, p99', [{ contestant: 'a', values: [expect.closeTo(2.98), expect.closeTo(2.98)] }]],
    ])
  })
})
