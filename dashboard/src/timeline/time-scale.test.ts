import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { tickText, ticksOf } from './ticks.ts'
import { mergedSpans, timeScale } from './time-scale.ts'
import { panned, WHOLE, within, zoomed } from './viewport.ts'

const HOUR = 3_600_000

describe('the scale of the timeline', () => {
  it('is even where nothing is folded', () => {
    const scale = timeScale({ from: 0, to: 100 }, [{ from: 0, to: 10 }], { fold: false })
    expect([scale.toPlace(0), scale.toPlace(25), scale.toPlace(100)]).toEqual([0, 0.25, 1])
    expect(scale.folds).toEqual([])
  })

  it('draws a gap short in which nothing ran for long', () => {
    const busy = [
      { from: 0, to: 4_000 },
      { from: 4_000 + HOUR, to: 10_000 + HOUR },
    ]
    const scale = timeScale({ from: 0, to: 10_000 + HOUR }, busy, { fold: true })
    expect(scale.folds).toMatchObject([{ from: 4_000, to: 4_000 + HOUR }])
    expect(scale.toPlace(4_000)).toBeCloseTo(0.38)
    expect(scale.toPlace(4_000 + HOUR)).toBeCloseTo(0.43)
  })

  it('does not fold gaps shorter than what ran', () => {
    const busy = [
      { from: 0, to: 60_000 },
      { from: 90_000, to: 120_000 },
    ]
    expect(timeScale({ from: 0, to: 120_000 }, busy, { fold: true }).folds).toEqual([])
  })

  it('is the inverse of itself, and never goes back', () => {
    const span = fc.tuple(fc.nat(1e7), fc.nat(1e4)).map(([from, length]) => ({ from, to: from + length }))
    fc.assert(
      fc.property(fc.array(span, { maxLength: 12 }), fc.nat(1e7), fc.nat(1e7), (busy, a, b) => {
        const scale = timeScale({ from: 0, to: 1e7 + 1e4 }, busy, { fold: true })
        expect(scale.toTime(scale.toPlace(a))).toBeCloseTo(a, -1)
        expect(scale.toPlace(Math.min(a, b))).toBeLessThanOrEqual(scale.toPlace(Math.max(a, b)) + 1e-12)
      }),
    )
  })

  it('joins spans that overlap or touch', () => {
    const spans = [
      { from: 5, to: 6 },
      { from: 0, to: 2 },
      { from: 2, to: 3 },
    ]
    expect(mergedSpans(spans)).toEqual([
      { from: 0, to: 3 },
      { from: 5, to: 6 },
    ])
  })
})

describe('the marks of the axis', () => {
  it('stand at round distances from the begin, and not in folds', () => {
    const busy = [
      { from: 0, to: 10_000 },
      { from: HOUR, to: HOUR + 10_000 },
    ]
    const scale = timeScale({ from: 0, to: HOUR + 10_000 }, busy, { fold: true })
    const texts = ticksOf(scale, WHOLE, 8).map(({ text }) => text)
    expect(texts.slice(0, 3)).toEqual(['0', '5 s', '10 s'])
    expect(texts.at(-1)).toBe('1 h 10 s')
    expect(texts.some((text) => text.startsWith('30 min'))).toBe(false)
  })

  it('are as exact as their distance needs', () => {
    expect([tickText(1_250, 50), tickText(61_000, 1_000), tickText(0, 5), tickText(90_000_000, HOUR)]).toEqual([
      '1.25 s',
      '1 min 1 s',
      '0',
      '1 d 1 h',
    ])
  })
})

describe('what is looked at', () => {
  it('keeps the place under the pointer where it is', () => {
    const view = zoomed(WHOLE, 0.5, 0.25)
    expect(view).toEqual({ from: 0.125, to: 0.625 })
    expect((0.25 - view.from) / (view.to - view.from)).toBeCloseTo(0.25)
  })

  it('never leaves the whole', () => {
    expect(panned({ from: 0.5, to: 1 }, 0.5)).toEqual({ from: 0.5, to: 1 })
    expect(zoomed({ from: 0.4, to: 0.6 }, 100, 0.5)).toEqual(WHOLE)
    expect(within({ from: -1, to: -0.5 })).toEqual({ from: 0, to: 0.5 })
  })
})
