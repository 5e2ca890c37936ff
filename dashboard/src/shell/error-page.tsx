import { Anchor } from '@mantine/core'
import { IconMapOff } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { type ErrorComponentProps, Link } from '@tanstack/react-router'
import { isServerThere } from '../api/health.ts'
import { keys } from '../api/keys.ts'
import { errorOfSilence } from '../api/problem-error.ts'
import { EmptyState } from '../parts/empty-state.tsx'
import { ErrorState } from '../parts/error-state.tsx'
import { PageHeader } from '../parts/page-header.tsx'
import { useTitle } from '../parts/use-title.ts'
import { isMissingPart } from './missing-part.ts'

/** A page that broke; the rest of the dashboard goes on. */
export function ErrorPage({ error, reset }: ErrorComponentProps) {
  const title = 'This page cannot be shown'
  useTitle(title)
  return (
    <>
      <PageHeader title={title} />
      {isMissingPart(error) ? <MissingPart error={error} /> : <ErrorState error={error} onRetry={reset} />}
    </>
  )
}

/** Browsers remember what they could not import, so only a reload tries again: not before there is a server to reload from. */
function MissingPart({ error }: { error: unknown }) {
  const { data: isThere, refetch } = useQuery({ queryKey: keys.health(), queryFn: isServerThere, gcTime: 0 })
  const retry = async () => {
    if ((await refetch()).data === true) window.location.reload()
  }
  return <ErrorState error={isThere === false ? errorOfSilence(error) : error} onRetry={() => void retry()} />
}

/** An address that no page has. */
export function NotFoundPage() {
  useTitle('Not found')
  return (
    <EmptyState icon={IconMapOff} title="There is no page at this address" wholePage>
      <Anchor component={Link} to="/">
        Go to the overview
      </Anchor>
    </EmptyState>
  )
}
