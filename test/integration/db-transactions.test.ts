import type pg from 'pg'
import { expect, test } from 'vitest'
import { openDatabase, TransactionIdle } from '../../src/db/client.ts'
import { Leadership } from '../../src/db/leadership.ts'
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

test('Postgres asks whether the machine of a session is still there: statements, transactions, the leader', async () => {
  const database = await createTestDatabase()
  const db = openDatabase({ url: database.url, connections: 1, applicationName: 'test', hot: true, log: testLog() })
  const leader = new Leadership({ url: database.url, task: 'test', log: testLog() })
  const ASK = `SELECT string_agg(setting, ' ' ORDER BY name) AS settings FROM pg_settings WHERE name LIKE 'tcp_keepalives%'`
  // Count, seconds until the first, and between two.
  const asks = [{ settings: '3 10 5' }]
  try {
    expect(await db.batch('ask', ASK, [])).toEqual(asks)
    expect(await db.transaction((_tx, batch) => batch('ask', ASK, []))).toEqual(asks)
    expect(await leader.hold()).toBe(true)
    const { client } = leader as unknown as { client: pg.Client }
    expect((await client.query(ASK)).rows).toEqual(asks)
  } finally {
    await leader.release()
    await db.close()
    await database.close()
  }
})

test('a transaction may send nothing for a minute; one that did for longer is told apart from one that was lost', async () => {
  const database = await createTestDatabase()
  const db = openDatabase({ url: database.url, connections: 1, applicationName: 'idle', log: testLog() })
  const others = `SELECT 1 FROM pg_stat_activity WHERE application_name = 'idle' AND datname = current_database()`
  try {
    const limit = await db.transaction((_tx, batch) => batch('limit', 'SHOW idle_in_transaction_session_timeout', []))
    expect(limit).toEqual([{ idle_in_transaction_session_timeout: '1min' }])
    const idle = db.transaction(async (_tx, batch) => {
      await batch('sooner', 'SET LOCAL idle_in_transaction_session_timeout = 20', [])
      await eventually(async () => (await database.query(others)).length === 0)
      await batch('too_late', 'SELECT 1', [])
    })
    await expect(idle).rejects.toBeInstanceOf(TransactionIdle)
    const cut = db.transaction((_tx, batch) => batch('cut', 'SELECT pg_terminate_backend(pg_backend_pid())', []))
    await expect(cut).rejects.toMatchObject({ name: 'TransactionLost' })
  } finally {
    await db.close()
    await database.close()
  }
})
