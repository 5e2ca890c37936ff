import { Stack, Text, Title } from '@mantine/core'
import type { Icon } from '@tabler/icons-react'
import type { ReactNode } from 'react'

/** Nothing to show, and the next thing to do: children are a link, a button or a command. */
export function EmptyState(props: { icon: Icon; title: string; text?: string; children?: ReactNode }) {
  const { icon: Icon, title, text, children } = props
  return (
    <Stack align="center" gap="xs" py="xl" px="md" ta="center">
      <Icon size={36} stroke={1.3} aria-hidden className="quiet" />
      <Title order={2}>{title}</Title>
      {text !== undefined && (
        <Text className="quiet" maw={480}>
          {text}
        </Text>
      )}
      {children}
    </Stack>
  )
}
