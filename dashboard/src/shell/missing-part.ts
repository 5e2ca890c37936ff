/** Of files that were asked for and did not come. */
const errors = new WeakSet<object>()

// Told by Vite before whoever asked for the file.
window.addEventListener('vite:preloadError', ({ payload }) => {
  errors.add(payload)
  // By the browser's own words the router would load the whole page anew: a server that is away leaves nothing of it.
  payload.message = 'A part of the dashboard did not arrive.'
})

/** Whether an error says that a file of the dashboard could not be had: the server is away, or has other files now. */
export function isMissingPart(error: unknown): boolean {
  return typeof error === 'object' && error !== null && errors.has(error)
}
