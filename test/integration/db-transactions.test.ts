import { expect, test } from 'vitest'
import { openDatabase } from '../../src/db/client.ts'
import { createTestDatabase } from '../support/test-database.ts'
import { eventually } from '../support/eventually.ts'
import { testLog } from '../support/test-engine.ts'

test('a transaction whose signal fires while it waits for a connection does nothing', async () => {
  const database = await createTestDatabase()
  const db = openDatabase({ url: database.url, connections: 1, applicationName: 'test', log: testLog() })
  try {
    let letGo: (() => void) | undefined
    const first = db.transaction(() => new Promise<void>((resolve) => (letGo = resolve)))
    await eventually(() => letGo !== undefined)
    const abort = new AbortController()
    let isBegun = false
    const second = db.transaction(() => {
      isBegun = true
      return Promise.resolve()
    }, abort.signal)
    abort.abort(new Error('the attempt took too long'))
    letGo?.()
    await first
    await expect(second).rejects.toThrow('the attempt took too long')
    expect(isBegun).toBe(false)
  } finally {
    await db.close()
    await database.close()
  }
})
