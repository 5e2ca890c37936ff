import { pino, type Logger as PinoLogger } from 'pino'

/** Structured log of a process: JSON lines on standard error, so that standard output stays for people. */
export type Logger = PinoLogger

export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

/** A logger whose lines carry `name` (the part of the service that speaks). */
export function createLogger(name: string, level: LogLevel): Logger {
  return pino(
    { name, level, base: { pid: process.pid }, serializers: { err: briefError } },
    pino.destination({ dest: 2, sync: false }),
  )
}

/** What helps to find the cause; drivers hang whole connections on their errors. */
function briefError(error: unknown): unknown {
  if (!(error instanceof Error)) return error
  const { code } = error as { code?: unknown }
  return {
    type: error.name,
    message: error.message,
    ...(code === undefined ? {} : { code }),
    stack: error.stack,
    ...(error.cause === undefined ? {} : { cause: briefError(error.cause) }),
  }
}
