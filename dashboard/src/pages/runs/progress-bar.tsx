import type { CSSProperties } from 'react'
import type { RunEntry } from '../../api/shapes.ts'

/** How many steps are done: a bar of completed, failed and skipped ones, and the count. */
export function ProgressBar({ run: { progress } }: { run: RunEntry }) {
  const { total, completed, failed, skipped } = progress
  const parts = [
    { name: 'completed', count: completed, tone: 'green' },
    { name: 'failed', count: failed, tone: 'red' },
    { name: 'skipped', count: skipped, tone: 'gray' },
  ].filter(({ count }) => count > 0)
  const words = parts.map(({ name, count }) => `${count} ${name}`).join(', ')
  const text = `${completed + failed + skipped}/${total}`
  return (
    <span className="progress" title={`${words || 'none done'} of ${total} steps`}>
      <span className="progress-bar" aria-hidden>
        {parts.map(({ name, count, tone }) => (
          <span
            key={name}
            className={`tone-${tone}`}
            style={{ '--part': `${(count / total) * 100}%` } as CSSProperties}
          />
        ))}
      </span>
      <span className="progress-text">{text}</span>
    </span>
  )
}
