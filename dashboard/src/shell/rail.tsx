import { NavLink, Stack } from '@mantine/core'
import { IconBook2, IconExternalLink, IconListDetails } from '@tabler/icons-react'
import { Link } from '@tanstack/react-router'
import { useNavPages } from './nav.ts'

/** Pages that the server makes, outside of this app. */
const ELSEWHERE = [
  { href: 'queues', label: 'Queues', icon: IconListDetails },
  { href: 'docs', label: 'API', icon: IconBook2 },
]

/** Every page with its count, and what is beside the dashboard. */
export function Rail({ onNavigate }: { onNavigate: () => void }) {
  const pages = useNavPages()
  return (
    <Stack justify="space-between" h="100%" gap={0}>
      <div>
        {pages.map(({ path, label, icon: Icon, Badge }) => (
          <NavLink
            key={path}
            component={Link}
            to={path}
            activeOptions={{ exact: path === '/' }}
            activeProps={{ 'data-active': true }}
            label={label}
            leftSection={<Icon size={18} stroke={1.6} aria-hidden />}
            rightSection={Badge === undefined ? null : <Badge />}
            onClick={onNavigate}
            className="rail-link"
          />
        ))}
      </div>
      <div>
        {ELSEWHERE.map(({ href, label, icon: Icon }) => (
          <NavLink
            key={href}
            href={new URL(href, document.baseURI).pathname}
            label={label}
            leftSection={<Icon size={18} stroke={1.6} aria-hidden />}
            rightSection={<IconExternalLink size={14} stroke={1.6} aria-hidden />}
            className="rail-link"
          />
        ))}
      </div>
    </Stack>
  )
}
