import { expect, it } from 'vitest'
import { isIdFound, shortId } from './short-id.ts'

const ID = '019aa5b4-8f6e-7b7a-9b0e-0d5f0c7f3a11'

it('a short id is one by which its id is found', () => {
  expect(shortId(ID)).toBe('019aa5b4…7f3a11')
  for (const search of [shortId(ID), '019AA5B4...7F3A11', '019aa5b4-8', ID]) expect(isIdFound(ID, search)).toBe(true)
  for (const search of ['7f3a11', '019aa5b4…7f3a12', '019aa5b5…7f3a11', '…7f3a11', '019aa5b4…'])
    expect(isIdFound(ID, search)).toBe(false)
})

it('what is short already stays as it is', () => expect(shortId('order-4711')).toBe('order-4711'))
