/** Collects what comes within one frame of the screen, and hands it on at once: a burst of events draws the page once. */
export function frameBatch<Item>(apply: (items: Item[]) => void): { push: (item: Item) => void; drop: () => void } {
  let items: Item[] = []
  let frame: number | undefined
  const flush = () => {
    frame = undefined
    const taken = items
    items = []
    apply(taken)
  }
  return {
    push(item) {
      items.push(item)
      frame ??= requestAnimationFrame(flush)
    },
    drop() {
      if (frame !== undefined) cancelAnimationFrame(frame)
      frame = undefined
      items = []
    },
  }
}
