import { Box, Group, Title } from '@mantine/core'
import { type ReactNode, useId } from 'react'

/** A framed part of a page under a heading (h2), its actions at the right; a region for screen readers. */
export function Panel(props: { title: string; actions?: ReactNode; children: ReactNode; className?: string }) {
  const id = useId()
  return (
    <Box component="section" className={`card panel ${props.className ?? ''}`} aria-labelledby={id}>
      <Group justify="space-between" mb="sm" gap="xs" mih={26}>
        <Title order={2} id={id}>
          {props.title}
        </Title>
        {props.actions}
      </Group>
      {props.children}
    </Box>
  )
}
