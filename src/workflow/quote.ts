const LONGEST = 200

/** A text for a message: at most 200 characters of it. */
export function shortened(text: string): string {
  return text.length > LONGEST ? `${text.slice(0, LONGEST).toWellFormed()}…` : text
}

/** A text for a message, in quotes, at most 200 characters of it. */
export function quoted(text: string): string {
  return JSON.stringify(shortened(text))
}
