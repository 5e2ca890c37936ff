import pg from 'pg'
import type { Logger } from '../log.ts'
import { sessionOptions } from '../postgres-session.ts'
import { tryAdvisoryLock } from './advisory-lock.ts'

/**
 * Leadership over one task, by an advisory lock of a Postgres session of its own: whoever holds it leads, and loses it
 * with the connection, so a crashed leader is followed at once, and one whose machine is gone within half a minute.
 */
export class Leadership {
  private readonly options: { url: string; task: string; log: Logger }
  private client: pg.Client | null = null

  constructor(options: { url: string; task: string; log: Logger }) {
    this.options = options
  }

  /** Whether this process leads now; tries to become the leader if nobody is. Throws when Postgres does not answer. */
  async hold(): Promise<boolean> {
    if (this.client) {
      // The lock lives as long as its session: an answer proves both.
      await this.client.query('SELECT 1')
      return true
    }
    const client = new pg.Client({
      connectionString: this.options.url,
      application_name: `sluice leader ${this.options.task}`,
      keepAlive: true,
      options: sessionOptions(),
    })
    client.on('error', (error) => {
      this.options.log.warn({ err: error }, 'lost the leader connection')
      this.client = null
    })
    await client.connect()
    if (!(await tryAdvisoryLock(client, this.options.task))) {
      await client.end()
      return false
    }
    this.client = client
    this.options.log.info({ task: this.options.task }, 'this process leads now')
    return true
  }

  /** Gives leadership up. */
  async release(): Promise<void> {
    const client = this.client
    this.client = null
    await client?.end().catch(() => undefined)
  }
}
