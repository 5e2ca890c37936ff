import { TextLink } from '../../parts/text-link.tsx'

/** A link to another run, by the end of its id. */
export function RunLink({ id }: { id: string }) {
  return (
    <TextLink to="/runs/$run" params={{ run: id }} size="sm" className="id" title={id}>
      …{id.slice(-8)}
    </TextLink>
  )
}
