import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test as base } from 'vitest'
import { SluiceError } from '../errors.ts'
import { atRememberedPort } from './remembered-port.ts'

const test = base.extend<{ folder: string }>({
  folder: async ({ task: _task }, use) => {
    const folder = await mkdtemp(join(tmpdir(), 'sluice-port-'))
    await use(folder)
    await rm(folder, { recursive: true })
  },
})

const taken = () => new SluiceError('unavailable', 'Postgres did not start: could not bind: Address already in use')

describe('the port of a folder', () => {
  test('is the same at the next start', async ({ folder }) => {
    const first = await atRememberedPort(folder, (port) => Promise.resolve(port))
    expect(await atRememberedPort(folder, (port) => Promise.resolve(port))).toBe(first)
  })

  test('is another one, and is kept, where somebody takes it between the look and the start', async ({ folder }) => {
    const tried: number[] = []
    const got = await atRememberedPort(folder, (port) => {
      tried.push(port)
      return tried.length < 3 ? Promise.reject(taken()) : Promise.resolve(port)
    })
    expect(new Set(tried).size).toBe(3)
    expect(await atRememberedPort(folder, (port) => Promise.resolve(port))).toBe(got)
  })

  test('is not looked for again where the start fails for another reason', async ({ folder }) => {
    const tried: number[] = []
    const start = async () =>
      await atRememberedPort(folder, (port) => {
        tried.push(port)
        return Promise.reject(new SluiceError('unavailable', 'the disk is full'))
      })
    await expect(start()).rejects.toThrow('the disk is full')
    expect(tried).toHaveLength(1)
  })

  test('is given up after five that were all taken', async ({ folder }) => {
    const tried: number[] = []
    const start = async () =>
      await atRememberedPort(folder, (port) => {
        tried.push(port)
        return Promise.reject(taken())
      })
    await expect(start()).rejects.toThrow('Address already in use')
    expect(tried).toHaveLength(5)
  })
})
