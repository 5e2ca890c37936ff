import { Alert, Button, Code, Group, List, Stack, Text } from '@mantine/core'
import { IconAlertTriangle, IconRefresh } from '@tabler/icons-react'
import { ApiError } from '../api/problem-error.ts'

/** What went wrong, in the API's own words, and a button that tries again. Announced to screen readers. */
export function ErrorState({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const problem = error instanceof ApiError ? error : null
  const message = error instanceof Error ? error.message : String(error)
  return (
    <Alert
      role="alert"
      className="tone-red"
      variant="outline"
      title={problem?.title ?? 'Something broke'}
      icon={<IconAlertTriangle aria-hidden />}
    >
      <Stack gap="xs" align="flex-start">
        <Text size="sm">{message}</Text>
        {problem !== null && problem.faults.length > 0 && (
          <List size="sm">
            {problem.faults.map((fault) => (
              <List.Item key={`${fault.path} ${fault.code}`}>
                {fault.path !== '' && <Code>{fault.path}</Code>} {fault.message}
              </List.Item>
            ))}
          </List>
        )}
        {problem?.id !== undefined && (
          <Group gap="xs">
            <Text size="sm">The server’s log has more, under</Text>
            <Code>{problem.id}</Code>
          </Group>
        )}
        {onRetry !== undefined && (
          <Button size="xs" variant="default" leftSection={<IconRefresh size={14} aria-hidden />} onClick={onRetry}>
            Try again
          </Button>
        )}
      </Stack>
    </Alert>
  )
}
