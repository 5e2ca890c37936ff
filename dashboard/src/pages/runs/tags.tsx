import { Badge } from '@mantine/core'
import { Link } from '@tanstack/react-router'

/** Tags of a run; each leads to the runs that have it. */
export function Tags({ tags }: { tags: readonly string[] }) {
  if (tags.length === 0) return <span className="quiet">–</span>
  return (
    <span className="run-tags" title={tags.join(', ')}>
      {tags.map((tag) => (
        <Badge
          key={tag}
          size="sm"
          color="gray"
          className="tag"
          renderRoot={(props) => <Link to="/runs" search={{ tag }} {...props} />}
        >
          {tag}
        </Badge>
      ))}
    </span>
  )
}
