import { autocompletion } from '@codemirror/autocomplete'
import { Button, Group, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useEffect, useRef, useState } from 'react'
import { definitionSchemaQuery } from '../api/workflows.ts'
import { CodeEditor } from './code-editor.tsx'
import { definitionLint, type DefinitionReport } from './definition-lint.ts'
import { schemaCompletion } from './schema-completion.ts'
import type { JsonSchema } from './schema-walk.ts'

/** Problems listed below the editor. */
const MOST_LISTED = 20

/** Edits a definition: completion by its JSON Schema, and what the API finds wrong, marked in place and listed below. */
export function DefinitionEditor(props: {
  value: string
  onChange: (value: string) => void
  /** Learns whether the API takes the text; null while that is not known. */
  onReport?: (report: DefinitionReport) => void
  height?: string
}) {
  const [report, setReport] = useState<DefinitionReport>(null)
  const { data: schema } = useQuery(definitionSchemaQuery)
  const latest = useRef<{ schema: JsonSchema | undefined; onReport: typeof props.onReport }>(undefined)
  useEffect(() => {
    latest.current = { schema, onReport: props.onReport }
  })
  const extensions = () => [
    autocompletion({ override: [schemaCompletion(() => latest.current?.schema)] }),
    definitionLint((found) => {
      setReport(found)
      latest.current?.onReport?.(found)
    }),
  ]
  return (
    <>
      <CodeEditor
        label="Definition"
        value={props.value}
        onChange={props.onChange}
        extensions={extensions}
        {...(props.height === undefined ? {} : { height: props.height })}
      />
      <Problems report={report} />
    </>
  )
}

function Problems({ report }: { report: DefinitionReport }) {
  if (report === null) {
    return (
      <Text size="sm" className="quiet" mt="xs" role="status">
        Checking…
      </Text>
    )
  }
  const { problems, plan } = report
  if (problems.length === 0) {
    return (
      <Text size="sm" className="quiet" mt="xs" role="status">
        Valid: {plan?.topological_order.length ?? 0} steps on {plan?.levels.length ?? 0} levels, the longest path has{' '}
        {plan?.critical_path.length ?? 0}.
      </Text>
    )
  }
  return (
    <div role="status" aria-label="Problems">
      <Text size="sm" fw={600} mt="xs">
        {problems.length === 1 ? 'One problem' : `${problems.length} problems`}
      </Text>
      <ul className="problems">
        {problems.slice(0, MOST_LISTED).map((problem) => (
          <li key={`${problem.path} ${problem.code} ${problem.message}`}>
            <code>{problem.path === '' ? problem.code : problem.path}</code> {problem.message}
          </li>
        ))}
      </ul>
      {problems.length > MOST_LISTED && <Text size="sm">and {problems.length - MOST_LISTED} more</Text>}
    </div>
  )
}

/** Reads a definition from a file of the user's, as text. */
export function UploadButton({ onText }: { onText: (text: string) => void }) {
  const input = useRef<HTMLInputElement>(null)
  return (
    <Group>
      <input
        ref={input}
        type="file"
        accept=".json,application/json"
        hidden
        aria-label="File with a definition"
        onChange={(event) => {
          const file = event.currentTarget.files?.[0]
          if (file !== undefined) void file.text().then(onText)
          event.currentTarget.value = ''
        }}
      />
      <Button variant="default" onClick={() => input.current?.click()}>
        Upload a file
      </Button>
    </Group>
  )
}
