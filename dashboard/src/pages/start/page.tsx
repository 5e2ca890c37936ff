import { Button, Group, NumberInput, SegmentedControl, Select, Stack, TagsInput, Text, TextInput } from '@mantine/core'
import { useMutation, useQuery } from '@tanstack/react-query'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { lazy, Suspense, useId, useMemo, useState } from 'react'
import { faultsAt, faultText } from '../../api/faults-at.ts'
import { runQuery } from '../../api/runs.ts'
import { workflowNamesQuery, workflowQuery } from '../../api/workflows.ts'
import { ErrorState } from '../../parts/error-state.tsx'
import { PageHeader } from '../../parts/page-header.tsx'
import { Panel } from '../../parts/panel.tsx'
import { RowsSkeleton } from '../../parts/skeletons.tsx'
import { toastDone } from '../../parts/toasts.tsx'
import { useTitle } from '../../parts/use-title.ts'
import { EXAMPLE_NAMES, loadExample } from '../workflows/examples.ts'
import { pretty } from '../workflows/pretty.ts'
import { OrderField } from './order-field.tsx'
import { startRun, type OrderChoice } from './start-request.ts'
import { useDebouncedValue } from '@mantine/hooks'
import { PAUSE_MS } from '../../parts/typed-field.tsx'

const route = getRouteApi('/start')

const InputForm = lazy(() => import('./input-form.tsx').then((module) => ({ default: module.InputForm })))
const CodeEditor = lazy(() => import('../../editor/code-editor.tsx').then((module) => ({ default: module.CodeEditor })))
const Editing = lazy(() => import('./pasted-definition.tsx').then((module) => ({ default: module.PastedDefinition })))

/** Starts a run of a stored workflow, or of a definition that is given here. */
export function StartPage() {
  useTitle('Start a run')
  const { workflow = null, from } = route.useSearch()
  const navigate = useNavigate()
  const [isPasting, setPasting] = useState(false)
  const [definition, setDefinition] = useState('')
  const [isValid, setValid] = useState(false)
  const [edited, setInput] = useState<string | null>(null)
  const [asForm, setAsForm] = useState(true)
  const [order, setOrder] = useState<OrderChoice>({ kind: 'none' })
  const [idempotencyKey, setKey] = useState('')
  const [priority, setPriority] = useState<number | null>(null)
  const [tags, setTags] = useState<string[]>([])
  const [startAt, setStartAt] = useState('')

  const [typed, setTyped] = useState('')
  // The name that is chosen stands in the field, too, and is to keep no other from being chosen.
  const [searched] = useDebouncedValue(typed === workflow ? '' : typed, PAUSE_MS)
  const names = useQuery(workflowNamesQuery(searched))
  const stored = useQuery({ ...workflowQuery(workflow ?? ''), enabled: workflow !== null && !isPasting })
  const before = useQuery({ ...runQuery(from ?? ''), enabled: from !== undefined })
  const input = edited ?? (before.data === undefined ? '{}' : pretty(before.data.input))

  const given = parse(input)
  const schema = isPasting ? parse(definition)?.value?.['input_schema'] : stored.data?.definition['input_schema']
  const hasForm = isObjectSchema(schema)
  const start = useMutation({
    mutationFn: () =>
      startRun(
        {
          workflow: isPasting ? null : workflow,
          definition,
          input: given?.value ?? {},
          order,
          idempotencyKey,
          priority,
          tags,
          startAt: startAt === '' ? null : new Date(startAt).toISOString(),
        },
        // Tried again, the run goes with this one, not with another.
        (id) => setOrder({ kind: 'existing', id }),
      ),
    onSuccess: (run) => {
      toastDone('The run has been accepted')
      return navigate({ to: '/runs/$run', params: { run } })
    },
  })
  // What was refused is told of the request that was made, until another is being written.
  const edit = (change: () => void) => {
    if (!start.isPending) start.reset()
    change()
  }
  const refused = useMemo(() => faultsAt(start.error, '/input'), [start.error])
  const errorId = useId()
  const isForm = hasForm && asForm && given !== null
  const inputError = given === null ? 'This is no JSON yet.' : isForm ? null : faultText(start.error, '/input')
  const isReady = given !== null && (isPasting ? isValid : stored.data !== undefined)
  return (
    <>
      <PageHeader title="Start a run" text="Once it is accepted it runs to its end, whatever happens">
        <Button disabled={!isReady} loading={start.isPending} onClick={() => start.mutate()}>
          Start
        </Button>
      </PageHeader>
      <Stack gap="md" maw={980}>
        {start.error !== null && <ErrorState error={start.error} />}
        <Panel title="Workflow">
          <Stack gap="sm">
            <SegmentedControl
              aria-label="Where the workflow comes from"
              data={[
                { value: 'stored', label: 'Stored workflow' },
                { value: 'pasted', label: 'Definition or example' },
              ]}
              value={isPasting ? 'pasted' : 'stored'}
              onChange={(value) => setPasting(value === 'pasted')}
            />
            {!isPasting && (
              <Select
                label="Workflow"
                placeholder="Choose one"
                data={[...new Set([...(names.data ?? []), ...(workflow === null ? [] : [workflow])])]}
                value={workflow}
                searchable
                onSearchChange={setTyped}
                nothingFoundMessage="No workflow of that name"
                onChange={(name) =>
                  void navigate({ to: '/start', search: { workflow: name ?? undefined, from }, replace: true })
                }
              />
            )}
            {stored.error !== null && !isPasting && <ErrorState error={stored.error} />}
            {isPasting && (
              <Suspense fallback={<RowsSkeleton rows={8} />}>
                <Select
                  label="Pick an example"
                  placeholder="None"
                  data={[...EXAMPLE_NAMES]}
                  searchable
                  onChange={(name) =>
                    void (name !== null && loadExample(name).then((text) => setDefinition(text ?? '')))
                  }
                />
                <Editing value={definition} onChange={setDefinition} onValid={setValid} />
              </Suspense>
            )}
          </Stack>
        </Panel>
        <Panel
          title="Input"
          actions={
            hasForm ? (
              <SegmentedControl
                size="xs"
                aria-label="How the input is written"
                data={['Form', 'JSON']}
                value={asForm ? 'Form' : 'JSON'}
                onChange={(value) => setAsForm(value === 'Form')}
              />
            ) : undefined
          }
        >
          <Suspense fallback={<RowsSkeleton rows={3} />}>
            {isForm ? (
              <InputForm
                schema={schema}
                value={given.value}
                faults={refused}
                onChange={(value) => {
                  if (!isSame(value, given.value)) edit(() => setInput(pretty(value)))
                }}
              />
            ) : (
              <CodeEditor
                label="Input"
                value={input}
                onChange={(text) => edit(() => setInput(text))}
                errorId={inputError === null ? undefined : errorId}
                height="12rem"
              />
            )}
          </Suspense>
          {inputError !== null && (
            <Text id={errorId} size="sm" mt="xs" role="alert" className="tone-red" c="var(--fg)">
              {inputError}
            </Text>
          )}
        </Panel>
        <Panel title="Options">
          <Stack gap="sm">
            <OrderField value={order} onChange={(choice) => edit(() => setOrder(choice))} error={start.error} />
            <Group grow align="flex-start">
              <TextInput
                label="Idempotency key"
                description="The same key and request give the same run"
                value={idempotencyKey}
                onChange={({ currentTarget: { value } }) => edit(() => setKey(value))}
              />
              <NumberInput
                label="Priority"
                description="0 to 9; 9 goes first"
                min={0}
                max={9}
                allowDecimal={false}
                error={faultText(start.error, '/priority')}
                value={priority ?? ''}
                onChange={(value) => edit(() => setPriority(typeof value === 'number' ? value : null))}
              />
            </Group>
            <Group grow align="flex-start">
              <TagsInput
                label="Tags"
                description="Enter adds one"
                error={faultText(start.error, '/tags')}
                value={tags}
                onChange={(chosen) => edit(() => setTags(chosen))}
              />
              <TextInput
                type="datetime-local"
                label="Not before"
                description="In the time zone of this browser"
                error={faultText(start.error, '/start_at')}
                value={startAt}
                onChange={({ currentTarget: { value } }) => edit(() => setStartAt(value))}
              />
            </Group>
          </Stack>
        </Panel>
      </Stack>
    </>
  )
}

/** Whether a form tells of a value that it was given: it does so when it fills in defaults, too. */
function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}

/** Null for what is no JSON. */
function parse(text: string): { value: Record<string, unknown> | null } | null {
  try {
    return { value: JSON.parse(text) as Record<string, unknown> | null }
  } catch {
    return null
  }
}

/** Whether a form can be made of it: an object with properties. */
function isObjectSchema(schema: unknown): boolean {
  return typeof schema === 'object' && schema !== null && 'properties' in schema
}
