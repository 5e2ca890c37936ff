import { Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useCallback } from 'react'
import { workflowQuery } from '../../api/workflows.ts'
import { DefinitionGraph } from '../../graph/definition-graph.tsx'
import { JsonView } from '../../parts/json-view.tsx'
import { Panel } from '../../parts/panel.tsx'
import { Unread } from '../../parts/unread.tsx'

const route = getRouteApi('/workflows/$workflow')

/** The graph of a version, default the latest, and what the definition says of the selected step. */
export function GraphTab({ name, version }: { name: string; version: number | undefined }) {
  const { step } = route.useSearch()
  const navigate = route.useNavigate()
  const { data, error, refetch } = useQuery(workflowQuery(name, version))
  const select = useCallback(
    (id: string | undefined) =>
      void navigate({ search: (before) => ({ ...before, step: id }), replace: true, resetScroll: false }),
    [navigate],
  )
  if (data === undefined) return <Unread error={error} onRetry={() => void refetch()} rows={12} />
  const selected = stepOf(data.definition, step)
  return (
    <>
      {version !== undefined && (
        <Text size="sm" className="quiet" mb="xs">
          Version {data.version}
        </Text>
      )}
      <DefinitionGraph definition={data.definition} plan={data.plan} selected={step} onSelect={select} />
      {selected !== undefined && (
        <Panel title={`Step ${step ?? ''}`} className="graph-step">
          <JsonView value={selected} label={`Definition of ${step ?? 'the step'}`} />
        </Panel>
      )}
    </>
  )
}

function stepOf(definition: Record<string, unknown>, id: string | undefined): unknown {
  const steps = definition['steps']
  if (id === undefined || !Array.isArray(steps)) return undefined
  return steps.find((step: unknown) => typeof step === 'object' && step !== null && 'id' in step && step.id === id)
}
