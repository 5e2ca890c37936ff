import { expect, it } from 'vitest'
import { faultsAt, faultText } from './faults-at.ts'
import { ApiError } from './problem-error.ts'

const error = new ApiError(422, {
  errors: [
    { path: '/input/quantity', code: 'invalid_input', message: 'must be >= 1' },
    { path: '/input', code: 'invalid_input', message: 'must be an object' },
    { path: '/inputs', code: 'invalid_input', message: 'is not known' },
    { path: '/tags/0', code: 'invalid_input', message: 'is too long' },
  ],
})

it('what was refused is told of the field that it lies in, by its path from there', () => {
  expect(faultsAt(error, '/input')).toEqual([
    { path: '/quantity', message: 'must be >= 1' },
    { path: '', message: 'must be an object' },
  ])
  expect(faultText(error, '/tags')).toBe('/0 is too long')
  expect(faultText(error, '/priority')).toBeNull()
  expect(faultText(new Error('away'), '/input')).toBeNull()
})
