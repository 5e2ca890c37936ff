import { ActionIcon, Button, Group, Skeleton, Text, Tooltip } from '@mantine/core'
import { IconDownload } from '@tabler/icons-react'
import { lazy, Suspense, useMemo, useState } from 'react'
import { CopyButton } from './copy-button.tsx'
import { bytesText } from './bytes-text.ts'
import { downloadText } from './download.ts'

const JsonCode = lazy(() => import('./json-code.tsx').then(({ JsonCode }) => ({ default: JsonCode })))

/** What is larger is drawn only when asked for, bytes: about a thousand lines, more than anyone reads in passing. */
const LARGE = 32_000

/**
 * A JSON value to read: folding, search (Ctrl-F), copy, download, its size. `label` names it ("Input of charge"), and the
 * downloaded file. As high as its text, up to `maxHeight` px; a large one is shown when that is wanted.
 */
export function JsonView(props: { value: unknown; label: string; maxHeight?: number }) {
  const { value, label, maxHeight = 360 } = props
  // As it is stored and sent, without the spaces that it is read with.
  const bytes = useMemo(() => new TextEncoder().encode(JSON.stringify(value)).length, [value])
  const [wanted, setWanted] = useState(false)
  const isShown = bytes <= LARGE || wanted
  const text = useMemo(() => (isShown ? pretty(value) : ''), [value, isShown])
  if (value === undefined || value === null) return <Text className="quiet">null</Text>
  return (
    <div className="json-view">
      <Group justify="flex-end" gap={4} mb={2}>
        <Text size="xs" className="quiet">
          {bytesText(bytes)}
        </Text>
        <CopyButton text={() => pretty(value)} what={label} />
        <Tooltip label={`Download ${label}`}>
          <ActionIcon
            variant="subtle"
            color="gray"
            size="sm"
            aria-label={`Download ${label}`}
            onClick={() => download(label, pretty(value))}
          >
            <IconDownload size={14} aria-hidden />
          </ActionIcon>
        </Tooltip>
      </Group>
      {isShown ? (
        <Suspense fallback={<Skeleton height={Math.min(maxHeight, 80)} />}>
          <JsonCode text={text} label={label} maxHeight={maxHeight} takesFocus={wanted} />
        </Suspense>
      ) : (
        <Group className="card json-large" justify="space-between" p="sm">
          <Text size="sm" className="quiet">
            Too large to be shown unasked.
          </Text>
          <Button
            size="compact-sm"
            variant="default"
            aria-label={`Show ${label} (${bytesText(bytes)})`}
            onClick={() => setWanted(true)}
          >
            Show {bytesText(bytes)}
          </Button>
        </Group>
      )}
    </div>
  )
}

function pretty(value: unknown): string {
  return value === undefined ? '' : JSON.stringify(value, null, 2)
}

function download(label: string, text: string): void {
  downloadText(`${label.toLowerCase().replace(/[^\w.-]+/g, '-')}.json`, text, 'application/json')
}
