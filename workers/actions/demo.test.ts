import { expect, test } from 'vitest'
import { actionContext } from '../../test/support/action-context.ts'
import { PermanentError } from '../action.ts'
import { echo, failTimes } from './demo.ts'

test('echo gives its input back, and null where there is none', async () => {
  await expect(echo.run(actionContext({ a: [1, null] }))).resolves.toEqual({ a: [1, null] })
  await expect(echo.run(actionContext(echo.input.parse(undefined)))).resolves.toBeNull()
})

test('fail_times fails as often as asked, and then succeeds', async () => {
  const input = failTimes.input.parse({ times: 2 })
  await expect(failTimes.run(actionContext(input, { attempt: 1 }))).rejects.toThrow('attempt 1 fails')
  await expect(failTimes.run(actionContext(input, { attempt: 2 }))).rejects.toThrow('attempt 2 fails')
  await expect(failTimes.run(actionContext(input, { attempt: 3 }))).resolves.toEqual({ attempt: 3, recovered: true })
})

test('fail_times without an input fails once, and never when asked for none', async () => {
  await expect(failTimes.run(actionContext(failTimes.input.parse(undefined), { attempt: 1 }))).rejects.toThrow(
    'attempt 1 fails',
  )
  const never = failTimes.input.parse({ times: 0 })
  await expect(failTimes.run(actionContext(never, { attempt: 1 }))).resolves.toEqual({ attempt: 1, recovered: false })
})

test('fail_times can fail for good', async () => {
  const input = failTimes.input.parse({ permanent: true })
  await expect(failTimes.run(actionContext(input, { attempt: 1 }))).rejects.toBeInstanceOf(PermanentError)
})
