import { useEffect } from 'react'

/** Names the document: `title · Sluice`. */
export function useTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} · Sluice`
  }, [title])
}
