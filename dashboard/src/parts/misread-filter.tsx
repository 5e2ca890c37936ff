import { Button, Code, Group } from '@mantine/core'
import { IconFilterQuestion } from '@tabler/icons-react'
import { EmptyState } from './empty-state.tsx'

/** In the place of a list whose address asks for what nobody understands; `onDrop` leaves that out. */
export function MisreadFilter({ misread, onDrop }: { misread: readonly string[]; onDrop: () => void }) {
  return (
    <div role="alert">
      <EmptyState
        icon={IconFilterQuestion}
        title="The address asks for what is not understood"
        text="So nothing is listed: without it, more would be shown than was asked for."
      >
        <Group gap="xs" justify="center">
          {misread.map((one) => (
            <Code key={one}>{one}</Code>
          ))}
        </Group>
        <Button variant="default" onClick={onDrop}>
          Leave it out
        </Button>
      </EmptyState>
    </div>
  )
}
