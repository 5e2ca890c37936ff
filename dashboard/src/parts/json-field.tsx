import { Box, Input, Skeleton } from '@mantine/core'
import { lazy, Suspense, useId } from 'react'

const CodeEditor = lazy(() => import('../editor/code-editor.tsx').then((module) => ({ default: module.CodeEditor })))

/** What a JSON text says; `error` where it says nothing. Empty text: undefined. */
export function parseJson(text: string): { value: unknown; error: null } | { value: undefined; error: string } {
  if (text.trim() === '') return { value: undefined, error: null }
  try {
    return { value: JSON.parse(text) as unknown, error: null }
  } catch (error) {
    return { value: undefined, error: error instanceof Error ? error.message : String(error) }
  }
}

/** JSON to write, in an editor that is loaded when it is needed. The caller keeps the text, and says what is wrong with it. */
export function JsonField(props: {
  label: string
  description?: string
  value: string
  onChange: (text: string) => void
  error?: string | null
  /** CSS height. */
  height?: string
}) {
  const { label, description, value, onChange, error, height = '160px' } = props
  const errorId = useId()
  const isWrong = error !== undefined && error !== null && error !== ''
  return (
    <Input.Wrapper
      label={label}
      labelElement="div"
      description={description}
      error={error}
      errorProps={{ id: errorId, role: 'alert' }}
    >
      <Box mt={4}>
        <Suspense fallback={<Skeleton height={height} />}>
          <CodeEditor
            label={label}
            value={value}
            onChange={onChange}
            errorId={isWrong ? errorId : undefined}
            height={height}
          />
        </Suspense>
      </Box>
    </Input.Wrapper>
  )
}
