import { Box, Code, Group, Stack, Text } from '@mantine/core'
import type { Attempt, Step, StepDetail } from '../../../api/shapes.ts'
import { CopyButton } from '../../../parts/copy-button.tsx'
import { StatusBadge } from '../../../parts/status-badge.tsx'
import { Time } from '../../../parts/time.tsx'
import { useRunPlace } from '../use-run-place.ts'

/** What went wrong in a step: of the attempt that the URL names, else of all, the newest first. */
export function StepErrors({ step, detail }: { step: Step; detail: StepDetail }) {
  const { search } = useRunPlace()
  const failed = detail.attempts.filter(({ error }) => error !== null)
  const named = failed.filter(({ attempt }) => attempt === search.attempt)
  const shown = named.length > 0 ? named : failed.toReversed()
  if (shown.length === 0) {
    return <Text className="wrap-anywhere">{step.error_message ?? 'Nothing went wrong.'}</Text>
  }
  return (
    <Stack gap="md">
      {shown.map((attempt) => (
        <AttemptError key={attempt.attempt} attempt={attempt} />
      ))}
    </Stack>
  )
}

function AttemptError({ attempt: { attempt, status, error, completed_at: end } }: { attempt: Attempt }) {
  if (error === null) return null
  const { message, stack, code } = error
  return (
    <section aria-label={`Error of attempt ${attempt}`}>
      <Group gap="xs" mb={4}>
        <Text fw={600} size="sm">
          Attempt {attempt}
        </Text>
        <StatusBadge status={status} />
        {end !== null && (
          <Text size="sm" span className="quiet">
            <Time at={end} />
          </Text>
        )}
        {code !== null && <Code>{code}</Code>}
        <CopyButton text={stack ?? message} what="error" />
      </Group>
      <Text size="sm" className="error-message">
        {message}
      </Text>
      {stack !== null && (
        <Box
          component="pre"
          className="error-stack"
          tabIndex={0}
          role="region"
          aria-label={`Stack of attempt ${attempt}`}
        >
          {withoutMessage(stack, message)}
        </Box>
      )}
    </section>
  )
}

/** The stack below the message, which stands above it already; causes are part of it. */
function withoutMessage(stack: string, message: string): string {
  const at = stack.indexOf(message)
  const rest = at === -1 ? stack : stack.slice(at + message.length)
  return rest.replace(/^\s*\n/, '').replace(/^ {4}(?=at )/gm, '') || stack
}
