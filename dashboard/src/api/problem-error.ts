/** One thing that was wrong with what we sent. `path`: JSON Pointer into the body. */
interface Fault {
  path: string
  code: string
  message: string
}

interface ProblemBody {
  title?: string
  detail?: string
  errors?: Fault[]
  state?: string
  id?: string
}

/** The API said no (a problem as of RFC 9457), or did not answer (`status` 0). `message` can be shown to a person. */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  /** HTTP status; 0 when there was no answer. */
  readonly status: number
  /** What kind of problem, in a few words. */
  readonly title: string
  /** What was wrong with the input, all of it. */
  readonly faults: readonly Fault[]
  /** The state that was in the way (409). */
  readonly state: string | undefined
  /** Names the line of the server's log, where the fault is the server's. */
  readonly id: string | undefined

  constructor(status: number, problem: ProblemBody, options?: ErrorOptions) {
    super(problem.detail ?? problem.title ?? `The server answered ${status}.`, options)
    this.status = status
    this.title = problem.title ?? (status === 0 ? 'No answer' : `Error ${status}`)
    this.faults = problem.errors ?? []
    this.state = problem.state
    this.id = problem.id
  }

  /** Whether trying again at once can help: nobody there, or the service is not ready. */
  get isTemporary(): boolean {
    if (isTimeout(this.cause)) return false
    return this.status === 0 || this.status === 502 || this.status === 503 || this.status === 504
  }
}

/** What the API refused a request with. */
export async function errorOfResponse(response: Response): Promise<ApiError> {
  const body: unknown = await response.json().catch(() => ({}))
  return new ApiError(response.status, typeof body === 'object' && body !== null ? body : {})
}

/** What became of a request that nobody answered, or not in time. */
export function errorOfSilence(cause: unknown): ApiError {
  const detail = isTimeout(cause)
    ? 'The server takes too long to answer. It may be overloaded, or hang.'
    : 'The server cannot be reached. It may be restarting, or the network is down.'
  return new ApiError(0, { title: 'No answer', detail }, { cause })
}

function isTimeout(cause: unknown): boolean {
  return cause instanceof DOMException && cause.name === 'TimeoutError'
}
