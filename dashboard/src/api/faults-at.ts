import { ApiError } from './problem-error.ts'

/** What the API refused of a request at a place of its body and below, by paths from there (JSON Pointers). */
export function faultsAt(error: unknown, place: string): { path: string; message: string }[] {
  if (!(error instanceof ApiError)) return []
  return error.faults
    .filter(({ path }) => path === place || path.startsWith(`${place}/`))
    .map(({ path, message }) => ({ path: path.slice(place.length), message }))
}

/** {@link faultsAt} as the error of one field; null: nothing is wrong with it. */
export function faultText(error: unknown, place: string): string | null {
  const texts = faultsAt(error, place).map(({ path, message }) => (path === '' ? message : `${path} ${message}`))
  return texts.length === 0 ? null : texts.join('; ')
}
