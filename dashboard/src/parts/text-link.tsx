import { Anchor, type AnchorProps } from '@mantine/core'
import { createLink, type LinkComponent } from '@tanstack/react-router'
import { type AnchorHTMLAttributes, forwardRef } from 'react'

type Props = AnchorProps & Omit<AnchorHTMLAttributes<HTMLAnchorElement>, keyof AnchorProps>

const Text = forwardRef<HTMLAnchorElement, Props>((props, ref) => <Anchor {...props} ref={ref} />)
Text.displayName = 'TextLink'

const Created = createLink(Text)

/** A link to a page within text. */
export const TextLink: LinkComponent<typeof Text> = (props) => <Created preload="intent" {...props} />
