import { SluiceError } from '../errors.ts'

/**
 * Does what names places in a value, where the client has sent that value as a part of something, or the other way round: the
 * paths of what it throws become those in what was sent.
 */
export async function movingPaths<T>(move: (path: string) => string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof SluiceError) || error.problems.length === 0) throw error
    const problems = error.problems.map((found) => ({ ...found, path: move(found.path) }))
    const { state } = error
    throw new SluiceError(error.code, error.message, {
      problems,
      cause: error,
      ...(state === undefined ? {} : { state }),
    })
  }
}

/** For a start whose input is all that was sent. */
export function withoutInput(path: string): string {
  return path.startsWith('/input') ? path.slice('/input'.length) : path
}
