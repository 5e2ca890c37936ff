import type { ReactNode } from 'react'
import './full-height.css'

/** A page as high as the window, in which one part scrolls: give that part the class `fills`. */
export function FullHeight({ children }: { children: ReactNode }) {
  return <div className="full-height">{children}</div>
}
