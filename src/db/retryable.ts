/**
 * Whether an error of Postgres or its driver says that the statement may succeed when it is sent again unchanged:
 * the connection broke or could not be made, the server is starting or stopping, or two transactions collided.
 * SQLSTATE classes: https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
export function isRetryable(error: unknown): boolean {
  return shows(error, RETRYABLE, DRIVER)
}

/** Whether a {@link isRetryable} error says that Postgres has not got the statement at all: no connection could be made. */
export function isUnsent(error: unknown): boolean {
  return shows(error, NO_CONNECTION, NOT_CONNECTED_IN_TIME)
}

/** Whether an error says that Postgres cannot hold the very values of the statement: to send it again never helps. */
export function isUnstorable(error: unknown): boolean {
  return shows(error, UNSTORABLE)
}

/** Whether an error, or what it was made from, has one of some codes (of Postgres or of the system), or such a message. */
function shows(error: unknown, codes: RegExp, messages?: RegExp): boolean {
  return causes(error).some((cause) => {
    const { code, message } = cause as { code?: unknown; message?: unknown }
    return (
      (typeof code === 'string' && codes.test(code)) ||
      (typeof message === 'string' && messages?.test(message) === true)
    )
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

const RETRYABLE = /^(08|53|57P|40|ECONN|EPIPE|ETIMEDOUT|EHOST|ENET|EAI_AGAIN|ENOTFOUND)/
const DRIVER =
  /Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|not queryable|Connection ended/i
/** A data exception, or more than a row or a value can hold. */
const UNSTORABLE = /^(22|54000)/
/** Too many connections, starting up, or nobody there. */
const NO_CONNECTION = /^(53300|57P03|08001|08004|ECONNREFUSED|EHOST|ENET|EAI_AGAIN|ENOTFOUND)/
const NOT_CONNECTED_IN_TIME = /timeout exceeded when trying to connect/i
