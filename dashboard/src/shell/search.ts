/** What stands behind the `?` of a URL: text, or a list of texts where a name repeats. */
type Search = Record<string, string | string[]>

/** Reads `?status=failed&status=queued&q=x`: repeated names become lists; everything is text. */
export function readSearch(text: string): Search {
  const search: Search = {}
  for (const [name, value] of new URLSearchParams(text)) {
    const before = search[name]
    search[name] = before === undefined ? value : [before, value].flat()
  }
  return search
}

/** Writes what {@link readSearch} reads; what is undefined, null or empty is left out. */
export function writeSearch(search: Record<string, unknown>): string {
  const params = new URLSearchParams()
  for (const [name, value] of Object.entries(search)) {
    for (const one of [value].flat()) {
      if (typeof one === 'string' ? one !== '' : typeof one === 'number' || typeof one === 'boolean')
        params.append(name, String(one))
    }
  }
  const text = params.toString()
  return text === '' ? '' : `?${text}`
}
