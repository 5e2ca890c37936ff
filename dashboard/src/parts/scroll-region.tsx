import { Box } from '@mantine/core'
import type { ReactNode, Ref } from 'react'

/** A frame that scrolls in itself, for the keyboard, too; `label` names it. */
export function ScrollRegion(props: {
  label: string
  className: string
  children: ReactNode
  ref?: Ref<HTMLDivElement>
}) {
  const { label, className, children, ref } = props
  return (
    <Box ref={ref} className={`card scroll-region ${className}`} tabIndex={0} role="region" aria-label={label}>
      {children}
    </Box>
  )
}
