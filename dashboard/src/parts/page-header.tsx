import { Box, Group, Text, Title } from '@mantine/core'
import type { ReactNode } from 'react'

/** The heading of a page (its only h1), a line below it, and the page's actions at the right. */
export function PageHeader(props: { title: ReactNode; text?: ReactNode; children?: ReactNode }) {
  return (
    <Group justify="space-between" align="flex-start" gap="sm" mb="md">
      <Box miw={0} flex="1 1 180px">
        <Title order={1} className="wrap-anywhere">
          {props.title}
        </Title>
        {props.text !== undefined && (
          <Text size="sm" className="quiet">
            {props.text}
          </Text>
        )}
      </Box>
      {props.children !== undefined && <Group gap="xs">{props.children}</Group>}
    </Group>
  )
}
