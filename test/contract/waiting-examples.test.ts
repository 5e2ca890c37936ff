import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { decideApproval } from '../../src/engine/decide-approval.ts'
import { sendEvent } from '../../src/engine/send-event.ts'
import type { DefinitionInput, Json } from '../../src/workflow/definition.ts'
import { describeOnEachBackend } from '../support/contract.ts'
import { eventually } from '../support/eventually.ts'
import { statusesOf } from '../support/run-record.ts'

async function example(name: string): Promise<DefinitionInput> {
  return JSON.parse(await readFile(`examples/${name}.json`, 'utf8')) as DefinitionInput
}

describeOnEachBackend({}, (engine) => {
  const waiting = (id: string) => eventually(async () => (await engine().read(id)).status === 'waiting')

  test('the example approval pays once someone has decided', async () => {
    const id = await engine().start(await example('approval'), { input: { amount: 20, what: 'tea' } })
    await waiting(id)
    const data: Json = { note: 'enjoy' }
    const decision = { approved: true, by: 'ann', comment: null, data, inputHash: null }
    await decideApproval(engine().engine, { runId: id, stepId: 'decide', ...decision })
    expect((await engine().ended(id)).output).toEqual({ pay: { paid: 20, note: 'enjoy' } })
  })

  test('the example wait-for-event goes on with the payment that is large enough', async () => {
    const id = await engine().start(await example('wait-for-event'), { input: { amount: 10 } })
    await waiting(id)
    for (const amount of [3, 12]) await sendEvent(engine().engine, id, { name: 'payment_received', data: { amount } })
    expect((await engine().ended(id)).output).toEqual({ receipt: { received: 12, from: null } })
  })

  test('the example map-and-reminder invites every guest', async () => {
    const run = await engine().run(await example('map-and-reminder'), { input: { guests: ['a', 'b', 'c', 'd', 'e'] } })
    expect(run.output).toEqual({ summary: { invited: 5 } })
  })

  test('the example booking-saga gives back what it had booked', async () => {
    const run = await engine().run(await example('booking-saga'))
    expect(run.status).toBe('failed')
    expect(statusesOf(run)).toMatchObject({ 'hotel.compensate': 'completed', 'flight.compensate': 'completed' })
  })

  test('the example parent-and-child waits for both of its children', async () => {
    await engine().run(await example('diamond'))
    expect((await engine().run(await example('parent-and-child'))).output).toEqual({ count: 2 })
  })
})
