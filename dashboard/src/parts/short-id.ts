/** Characters of a UUIDv7 that lists show: the minute in which it was made, and what tells it from others of that minute. */
const HEAD = 8
const TAIL = 6

/** A short form of an id, `019aa5b4…7f3a11`, by which searches find it. What is hardly longer stays whole. */
export function shortId(id: string): string {
  return id.length <= HEAD + TAIL + 4 ? id : `${id.slice(0, HEAD)}…${id.slice(-TAIL)}`
}

/** Whether a search finds an id: by its beginning, or by a beginning and an end with an ellipsis between them. */
export function isIdFound(id: string, search: string): boolean {
  const [head = '', end, ...more] = search.toLowerCase().split(/…|\.\.\./)
  if (end === undefined) return id.startsWith(head)
  return head.length >= HEAD && end !== '' && more.length === 0 && id.startsWith(head) && id.endsWith(end)
}
