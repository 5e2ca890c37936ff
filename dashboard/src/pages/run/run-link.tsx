import { shortId } from '../../parts/short-id.ts'
import { TextLink } from '../../parts/text-link.tsx'

/** A link to another run, by its short id. */
export function RunLink({ id }: { id: string }) {
  return (
    <TextLink to="/runs/$run" params={{ run: id }} size="sm" className="id" title={id}>
      {shortId(id)}
    </TextLink>
  )
}
