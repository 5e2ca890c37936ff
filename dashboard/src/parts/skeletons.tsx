import { Group, Skeleton, Stack } from '@mantine/core'

/** A page that is on its way: a header and some rows. */
export function PageSkeleton() {
  return (
    <Stack gap="md" role="status" aria-label="Loading">
      <Group justify="space-between">
        <Skeleton height={28} width={220} />
        <Skeleton height={28} width={120} />
      </Group>
      <RowsSkeleton rows={8} />
    </Stack>
  )
}

/** Rows that are on their way, each as high as a row of a table. */
export function RowsSkeleton({ rows = 5, height = 34 }: { rows?: number; height?: number }) {
  return (
    <Stack gap={6} aria-hidden>
      {Array.from({ length: rows }, (_, row) => (
        <Skeleton key={row} height={height} />
      ))}
    </Stack>
  )
}
