import { Anchor, Text } from '@mantine/core'
import { IconAlertTriangle, IconCircleCheck, IconExternalLink, IconUserQuestion } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { historyQuery } from '../../api/overview.ts'
import { statsQuery } from '../../api/stats.ts'
import { Panel } from '../../parts/panel.tsx'
import { RowsSkeleton } from '../../parts/skeletons.tsx'
import { TextLink } from '../../parts/text-link.tsx'
import { type Need, needsOf } from './needs-of.ts'
import { RANGE_WORDS } from './range-words.ts'

const route = getRouteApi('/')

/** What somebody should look at, each with the way there. What cannot be read is told by the panels that show it. */
export function NeedsPanel() {
  const { range = '1h' } = route.useSearch()
  const { data: stats } = useQuery(statsQuery)
  const { data: history } = useQuery(historyQuery(range))
  const needs = stats && history && needsOf(stats, history, RANGE_WORDS[range])
  return (
    <Panel title="Needs you">
      {needs === undefined && <RowsSkeleton rows={3} height={20} />}
      {needs?.length === 0 && (
        <Row tone="green" icon={<IconCircleCheck size={17} aria-hidden />}>
          Nothing: all goes by itself
        </Row>
      )}
      <ul className="short-list" aria-live="polite">
        {needs?.map((need) => (
          <li key={need.key}>
            <Row tone={need.tone} icon={<NeedIcon need={need} />}>
              <NeedText need={need} />
            </Row>
          </li>
        ))}
      </ul>
    </Panel>
  )
}

function Row({ tone, icon, children }: { tone: Need['tone']; icon: ReactNode; children: ReactNode }) {
  return (
    <div className={`need tone-${tone}`}>
      {icon}
      <Text size="sm" span>
        {children}
      </Text>
    </div>
  )
}

function NeedIcon({ need }: { need: Need }) {
  return need.tone === 'violet' ? (
    <IconUserQuestion size={17} aria-hidden />
  ) : (
    <IconAlertTriangle size={17} aria-hidden />
  )
}

function NeedText({ need: { text, status, place } }: { need: Need }) {
  if (status !== undefined) {
    return (
      <TextLink to="/runs" search={{ status: [status] }} size="sm">
        {text}
      </TextLink>
    )
  }
  if (place === undefined) return text
  if (place === 'approvals') {
    return (
      <TextLink to="/approvals" size="sm">
        {text}
      </TextLink>
    )
  }
  return (
    <Anchor href={new URL('queues', document.baseURI).pathname} size="sm">
      {text} <IconExternalLink size={13} aria-hidden />
    </Anchor>
  )
}
