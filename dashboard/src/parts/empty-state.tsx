import { Stack, Text, Title } from '@mantine/core'
import type { Icon } from '@tabler/icons-react'
import type { ReactNode } from 'react'

/** Nothing to show, and the next thing to do: children are a link, a button or a command. `wholePage`: its heading is the h1. */
export function EmptyState(props: {
  icon: Icon
  title: string
  text?: string
  wholePage?: boolean
  children?: ReactNode
}) {
  const { icon: Icon, title, text, wholePage = false, children } = props
  return (
    <Stack align="center" gap="xs" py="xl" px="md" ta="center">
      <Icon size={36} stroke={1.3} aria-hidden className="quiet" />
      <Title order={wholePage ? 1 : 2} size="h2">
        {title}
      </Title>
      {text !== undefined && (
        <Text className="quiet" maw={480}>
          {text}
        </Text>
      )}
      {children}
    </Stack>
  )
}
