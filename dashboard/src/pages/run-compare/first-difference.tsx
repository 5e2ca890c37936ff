import { Button, Text } from '@mantine/core'
import { IconArrowsSplit2, IconEqual } from '@tabler/icons-react'
import type { RunDiff } from '../../api/shapes.ts'

const WORDS = { input: 'got another input', branch: 'took another branch', output: 'came to another output' } as const

/** The step at which the runs part first; what follows from it differs for that reason. */
export function FirstDifference({ diff, onSelect }: { diff: RunDiff; onSelect: (stepId: string) => void }) {
  const first = diff.first_difference
  if (first === null) {
    return (
      <section className="first-difference tone-green" aria-label="First difference">
        <IconEqual size={18} aria-hidden />
        <Text size="sm" className="first-difference-text">
          {diff.is_complete
            ? 'No step has another input, branch or output in B than in A.'
            : 'No difference was found; the payloads are too many to look at all of them.'}
        </Text>
      </section>
    )
  }
  return (
    <section className="first-difference tone-amber" aria-label="First difference">
      <IconArrowsSplit2 size={18} aria-hidden />
      <Text size="sm" className="first-difference-text">
        The runs part at <b>{first.step_id}</b>, which {WORDS[first.kind]} in B
        {first.path !== null && first.path !== '' && (
          <>
            {' '}
            at <code>{first.path}</code>
          </>
        )}
        {first.kind === 'branch' && `: ${first.a.branch ?? 'none'} in A, ${first.b.branch ?? 'none'} in B`}.
      </Text>
      <Button size="compact-xs" variant="default" onClick={() => onSelect(first.step_id)}>
        Show it
      </Button>
    </section>
  )
}
