import { expect, it } from 'vitest'
import { parseOptions } from './options.ts'

it('without flags there are 60 s of load on Redis, with a seed at random', () => {
  const [one, other] = [parseOptions([]), parseOptions([])]
  expect(one).toMatchObject({ durationMs: 60_000, backend: 'redis', sequencing: 'step', apis: 2, workers: 3 })
  expect(one.seed).not.toBe(other.seed)
})

it('--minutes counts for more than --seconds', () => {
  expect(parseOptions(['--minutes', '20', '--seconds', '5']).durationMs).toBe(1_200_000)
})

it('a flag that is wrong is named, with what is expected', () => {
  expect(() => parseOptions(['--backend', 'kafka'])).toThrow('--backend is "kafka": expected redis or postgres')
  expect(() => parseOptions(['--workers', '0'])).toThrow('--workers is "0": expected a number from 1 to 64')
  expect(() => parseOptions(['--wokers', '3'])).toThrow(/Unknown option/)
})
