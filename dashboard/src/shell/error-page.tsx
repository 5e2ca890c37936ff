import { Anchor } from '@mantine/core'
import { IconMapOff } from '@tabler/icons-react'
import { type ErrorComponentProps, Link } from '@tanstack/react-router'
import { EmptyState } from '../parts/empty-state.tsx'
import { ErrorState } from '../parts/error-state.tsx'
import { PageHeader } from '../parts/page-header.tsx'
import { useTitle } from '../parts/use-title.ts'

/** A page that broke; the rest of the dashboard goes on. */
export function ErrorPage({ error, reset }: ErrorComponentProps) {
  useTitle('Something broke')
  return (
    <>
      <PageHeader title="Something broke" />
      <ErrorState error={error} onRetry={reset} />
    </>
  )
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
