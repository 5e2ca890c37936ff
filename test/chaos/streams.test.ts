import { describe, test } from 'vitest'
import type { RunView } from '../../src/api/schemas/run.ts'
import type { DefinitionInput } from '../../src/workflow/definition.ts'
import { BACKENDS } from '../support/contract.ts'
import { openSocket, openStream, type RunMessage } from '../support/streams.ts'
import { kill, startSystem, type System } from '../support/system.ts'

/** Waits for an event, works for a second, and ends. */
const definition: DefinitionInput = {
  name: 'watched',
  steps: [
    { id: 'go', type: 'wait_event', config: { event: 'go' } },
    { id: 'work', depends_on: ['go'], config: { duration_seconds: 1 } },
    { id: 'end', depends_on: ['work'], config: { duration_seconds: 0 } },
  ],
}

const GO = { name: 'go' }

const isEnd = ({ event }: RunMessage) => event === 'end'
const isStatus = (status: RunView['status']) => (message: RunMessage) =>
  (message.event === 'run' || message.event === 'end') && message.data.status === status
const streamOf = (system: System, id: string) => openStream(`${system.origin}/api/v1/runs/${id}/stream`)

describe.concurrent.each(BACKENDS)('streams on %s', (backend) => {
  test('show the right state from another process once theirs is killed', async ({ expect }) => {
    const system = await startSystem({ backend, workers: 1 })
    try {
      const id = await system.start(definition)
      const first = await streamOf(system, id)
      await first.until(isStatus('waiting'))
      await kill(system.api)
      await first.closed()
      await system.startApi()
      const second = await streamOf(system, id)
      await second.until(isStatus('waiting'))
      await system.post(`/runs/${id}/events`, GO)
      await second.until(isEnd)
      await second.closed()
      const run = await system.get<RunView>(`/runs/${id}`)
      expect(second.messages.at(-1)).toEqual({ event: 'end', data: run })
      expect(second.messages[0]).toMatchObject({ event: 'run', data: { id, status: 'waiting' } })
      expect(run.status).toBe('completed')
    } finally {
      await system.stop()
    }
  })

  test('show what a worker did that was killed', async ({ expect }) => {
    const system = await startSystem({ backend, workers: 1 })
    try {
      const ids = await Promise.all([1, 2, 3].map(() => system.start(definition)))
      const streams = await Promise.all(ids.map((id) => streamOf(system, id)))
      for (const [index, id] of ids.entries()) {
        await streams[index]!.until(isStatus('waiting'))
        await system.post(`/runs/${id}/events`, GO)
        if (index === 2) continue
        await kill(await system.executing(id, 'work'))
        await system.startWorker()
      }
      for (const stream of streams) {
        await stream.until(isEnd)
        expect(stream.messages.at(-1)).toMatchObject({ event: 'end', data: { status: 'completed' } })
      }
    } finally {
      await system.stop()
    }
  })

  test('end at once when their process is told to stop, and it stops at once', async ({ expect }) => {
    const system = await startSystem({ backend, workers: 1 })
    try {
      const id = await system.start(definition)
      const streams = [await streamOf(system, id), await openStream(`${system.origin}/api/v1/stream`)]
      const socket = await openSocket(`${system.origin}/api/v1/ws/runs/${id}`)
      await socket.until(({ event }) => event === 'run')
      const toldAtMs = performance.now()
      system.api.signal('SIGTERM')
      await Promise.all([...streams, socket].map((stream) => stream.closed()))
      expect(socket.code()).toBe(1001)
      expect(await system.api.exited).toBe(0)
      expect(performance.now() - toldAtMs).toBeLessThan(5_000)
    } finally {
      await system.stop()
    }
  })
})

/** Watches a run that waits, and takes the Redis of its system away; then does what `then` says. */
async function withoutRedis(
  then: (system: System, runId: string, stream: Awaited<ReturnType<typeof streamOf>>) => Promise<void>,
): Promise<void> {
  const system = await startSystem({ own: ['redis'], workers: 1 })
  try {
    const id = await system.start(definition)
    const stream = await streamOf(system, id)
    await stream.until(isStatus('waiting'))
    await system.redis.stop()
    await then(system, id, stream)
    stream.close()
  } finally {
    await system.stop()
  }
}

describe.concurrent('while Redis is away', () => {
  test('changes show as soon as it is back', async ({ expect }) => {
    await withoutRedis(async (system, id, stream) => {
      await system.post(`/runs/${id}/pause`, {})
      await system.redis.start()
      expect((await stream.until(isStatus('paused'))).event).toBe('run')
    })
  })

  test('changes show although it comes back empty', async ({ expect }) => {
    await withoutRedis(async (system, id, stream) => {
      await system.redis.start({ empty: true })
      await system.post(`/runs/${id}/pause`, {})
      expect((await stream.until(isStatus('paused'))).event).toBe('run')
    })
  })
})
