import { ActionIcon, Group, Skeleton, Text, Tooltip } from '@mantine/core'
import { IconDownload } from '@tabler/icons-react'
import { lazy, Suspense, useMemo } from 'react'
import { CopyButton } from './copy-button.tsx'
import { bytesText } from './bytes-text.ts'
import { downloadText } from './download.ts'

const JsonCode = lazy(() => import('./json-code.tsx').then(({ JsonCode }) => ({ default: JsonCode })))

/**
 * A JSON value to read: folding, search (Ctrl-F), copy, download, its size. `label` names it ("Input of charge"), and the
 * downloaded file. As high as its text, up to `maxHeight` px.
 */
export function JsonView(props: { value: unknown; label: string; maxHeight?: number }) {
  const { value, label, maxHeight = 360 } = props
  const text = useMemo(() => (value === undefined ? '' : JSON.stringify(value, null, 2)), [value])
  // As it is stored and sent, without the spaces that it is read with.
  const bytes = useMemo(() => new TextEncoder().encode(JSON.stringify(value)).length, [value])
  if (value === undefined || value === null) return <Text className="quiet">null</Text>
  return (
    <div className="json-view">
      <Group justify="flex-end" gap={4} mb={2}>
        <Text size="xs" className="quiet">
          {bytesText(bytes)}
        </Text>
        <CopyButton text={text} what={label} />
        <Tooltip label={`Download ${label}`}>
          <ActionIcon
            variant="subtle"
            color="gray"
            size="sm"
            aria-label={`Download ${label}`}
            onClick={() => download(label, text)}
          >
            <IconDownload size={14} aria-hidden />
          </ActionIcon>
        </Tooltip>
      </Group>
      <Suspense fallback={<Skeleton height={Math.min(maxHeight, 80)} />}>
        <JsonCode text={text} label={label} maxHeight={maxHeight} />
      </Suspense>
    </div>
  )
}

function download(label: string, text: string): void {
  downloadText(`${label.toLowerCase().replace(/[^\w.-]+/g, '-')}.json`, text, 'application/json')
}
