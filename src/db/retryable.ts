/**
 * Whether an error of Postgres or its driver says that the statement may succeed when it is sent again unchanged:
 * the connection broke or could not be made, the server is starting or stopping, or two transactions collided.
 * SQLSTATE classes: https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
export function isRetryable(error: unknown): boolean {
  return causes(error).some(isRetryableItself)
}

/** Whether a {@link isRetryable} error says that Postgres has not got the statement at all: no connection could be made. */
export function isUnsent(error: unknown): boolean {
  return causes(error).some((cause) => {
    const { code, message } = cause as { code?: unknown; message?: unknown }
    if (typeof code === 'string' && NO_CONNECTION.test(code)) return true
    return typeof message === 'string' && message.includes('timeout exceeded when trying to connect')
  })
}

/** Whether a row was refused because another has its key, by the name of the key's constraint. */
export function isTaken(error: unknown, constraint: string): boolean {
  return causes(error).some((cause) => {
    const { code, constraint: violated } = cause as { code?: unknown; constraint?: unknown }
    return code === '23505' && violated === constraint
  })
}

/** The error and what it was made from: Drizzle wraps the errors of the driver. */
function causes(error: unknown): unknown[] {
  const chain: unknown[] = []
  for (
    let next = error;
    next !== undefined && next !== null && chain.length < 5;
    next = (next as { cause?: unknown }).cause
  ) {
    chain.push(next)
  }
  return chain
}

/** Too many connections, starting up, or nobody there. */
const NO_CONNECTION = /^(53300|57P03|08001|08004|ECONNREFUSED|EHOST|ENET|EAI_AGAIN|ENOTFOUND)/
const SQLSTATE = /^(08|53|57P|40)/
const SYSTEM = /^(ECONN|EPIPE|ETIMEDOUT|EHOST|ENET|EAI_AGAIN|ENOTFOUND)/
const DRIVER =
  /Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|not queryable|Connection ended/i

function isRetryableItself(error: unknown): boolean {
  const { code, message } = error as { code?: unknown; message?: unknown }
  if (typeof code === 'string' && (SQLSTATE.test(code) || SYSTEM.test(code))) return true
  return typeof message === 'string' && DRIVER.test(message)
}
