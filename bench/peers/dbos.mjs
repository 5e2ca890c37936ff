import { DBOS } from '@dbos-inc/dbos-sdk'
import { inFlight, serve } from './driver.mjs'

// Workflows are started and run in one process, as its documentation begins; each step is a row that is committed before
// the next begins. No queue, which would only add to it.
await serve(async ({ databaseUrl, concurrency }) => {
  DBOS.setConfig({
    name: 'bench',
    systemDatabaseUrl: databaseUrl,
    systemDatabasePoolSize: 20,
    logLevel: 'error',
    applicationVersion: '1',
  })
  const step = (name) => DBOS.runStep(async () => ({ done: true }), { name })
  const chain = DBOS.registerWorkflow(
    async (length) => {
      for (let index = 0; index < length; index += 1) await step(`s${index}`)
    },
    { name: 'chain' },
  )
  const fanOut = DBOS.registerWorkflow(
    async (width) => {
      await step('first')
      await Promise.all(Array.from({ length: width }, (_, index) => step(`m${index}`)))
      await step('last')
    },
    { name: 'fan-out' },
  )
  await DBOS.launch()
  return {
    run: (shape, runs) =>
      inFlight(runs, concurrency, async () => {
        const started =
          shape.kind === 'chain'
            ? await DBOS.startWorkflow(chain)(shape.length)
            : await DBOS.startWorkflow(fanOut)(shape.width)
        await started.getResult()
      }),
    stop: () => DBOS.shutdown(),
  }
})
