import { useEffect } from 'react'
import { type AnyStatus, STATUS_LOOKS, type Tone } from './status.ts'

const COLOURS: Record<Tone, string> = {
  gray: '#7b838c',
  blue: '#2f80d8',
  amber: '#d98a1c',
  violet: '#8a5fd6',
  green: '#2f9e50',
  red: '#d64541',
}

/** Shows a status in the icon of the tab while the component is there; undefined: the plain icon. */
export function useStatusIcon(status: AnyStatus | undefined): void {
  useEffect(() => {
    const link = document.querySelector<HTMLLinkElement>('link[rel="icon"]')
    if (link === null || status === undefined) return
    const plain = link.href
    link.href = iconOf(COLOURS[STATUS_LOOKS[status].tone])
    return () => {
      link.href = plain
    }
  }, [status])
}

function iconOf(colour: string): string {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="8" fill="${colour}"/><path d="M7 10c3 0 3 3 6 3s3-3 6-3 3 3 6 3M7 19c3 0 3 3 6 3s3-3 6-3 3 3 6 3" fill="none" stroke="#fff" stroke-width="3" stroke-linecap="round"/></svg>`
  return `data:image/svg+xml,${encodeURIComponent(svg)}`
}
