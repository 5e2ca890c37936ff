import { Group } from '@mantine/core'
import { CopyButton } from './copy-button.tsx'
import { shortId } from './short-id.ts'

/** An id, short unless `whole`, with a button that copies all of it. `what` names it ("run id"). */
export function CopyId({ id, what, whole = false }: { id: string; what: string; whole?: boolean }) {
  return (
    <Group gap={2} wrap="nowrap" display="inline-flex" miw={0}>
      <code className="id" title={id}>
        {whole ? id : shortId(id)}
      </code>
      <CopyButton text={id} what={what} />
    </Group>
  )
}
