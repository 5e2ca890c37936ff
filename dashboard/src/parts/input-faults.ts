import { Validator } from '@cfworker/json-schema'

/** What is wrong with a value: a JSON Pointer into it, and what to do. */
export interface Fault {
  path: string
  message: string
}

/** Errors that only say that something further down is wrong. */
const WRAPPERS = new Set(['properties', 'items', 'allOf', 'additionalProperties', '$ref', 'prefixItems'])

/**
 * What a JSON Schema finds wrong with a value: a help while writing, since the API checks again. Interpreted, without
 * `eval`, as the Content-Security-Policy demands. A schema that cannot be read finds nothing.
 */
export function inputFaults(schema: unknown, value: unknown): Fault[] {
  if (typeof schema !== 'object' || schema === null) return []
  try {
    const { errors } = new Validator(schema, '2020-12', false).validate(value)
    const faults = errors
      .filter(({ keyword }, index) => !WRAPPERS.has(keyword) || index === errors.length - 1)
      .map(({ instanceLocation, error }) => ({ path: instanceLocation.replace(/^#/, ''), message: error }))
    return [...new Map(faults.map((fault) => [`${fault.path} ${fault.message}`, fault])).values()]
  } catch {
    return []
  }
}
