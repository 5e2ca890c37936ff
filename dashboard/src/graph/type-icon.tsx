import {
  type Icon,
  IconArrowsJoin2,
  IconArrowsSplit2,
  IconBolt,
  IconBroadcast,
  IconClock,
  IconGitBranch,
  IconList,
  IconSitemap,
  IconTool,
  IconTransform,
  IconUserCheck,
  IconWorld,
} from '@tabler/icons-react'

const ICONS: Readonly<Record<string, Icon>> = {
  condition: IconGitBranch,
  parallel: IconArrowsSplit2,
  join: IconArrowsJoin2,
  approval: IconUserCheck,
  human_gate: IconUserCheck,
  wait: IconClock,
  wait_event: IconBroadcast,
  map: IconList,
  workflow: IconSitemap,
  http: IconWorld,
  tool_call: IconTool,
  transform: IconTransform,
}

/** The icon of a step type; that of a task for the names of actions. */
export function TypeIcon({ type, size, className }: { type: string; size: number; className?: string }) {
  const Icon = ICONS[type] ?? IconBolt
  return <Icon size={size} stroke={1.7} aria-hidden {...(className === undefined ? {} : { className })} />
}
