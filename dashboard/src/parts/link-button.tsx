import { Button, type ButtonProps } from '@mantine/core'
import { createLink, type LinkComponent } from '@tanstack/react-router'
import { type AnchorHTMLAttributes, forwardRef } from 'react'

type Props = ButtonProps & Omit<AnchorHTMLAttributes<HTMLAnchorElement>, keyof ButtonProps>

const Anchor = forwardRef<HTMLAnchorElement, Props>((props, ref) => <Button {...props} component="a" ref={ref} />)
Anchor.displayName = 'LinkButton'

const Created = createLink(Anchor)

/** A link to a page that looks like a button. */
export const LinkButton: LinkComponent<typeof Anchor> = (props) => <Created preload="intent" {...props} />
