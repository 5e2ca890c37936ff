import { Stack } from '@mantine/core'
import { DefinitionEditor, UploadButton } from '../../editor/definition-editor.tsx'

/** A definition that is stored and run at once: pasted, or read from a file. */
export function PastedDefinition(props: {
  value: string
  onChange: (value: string) => void
  onValid: (valid: boolean) => void
}) {
  return (
    <Stack gap="xs">
      <UploadButton onText={props.onChange} />
      <DefinitionEditor
        value={props.value}
        onChange={props.onChange}
        onReport={(report) => props.onValid(report !== null && report.problems.length === 0)}
        height="20rem"
      />
    </Stack>
  )
}
