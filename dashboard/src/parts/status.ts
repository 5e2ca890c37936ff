import {
  type Icon,
  IconArrowBackUp,
  IconBan,
  IconCheck,
  IconCircleDashed,
  IconClockPause,
  IconClockX,
  IconCreditCard,
  IconHourglass,
  IconPlayerPause,
  IconPlayerPlay,
  IconPlayerSkipForward,
  IconPlugConnectedX,
  IconRefresh,
  IconStack2,
  IconTruck,
  IconUserQuestion,
  IconX,
} from '@tabler/icons-react'
import type { ApprovalStatus, AttemptStatus, OrderStatus, RunStatus, StepStatus } from '../../../src/workflow/states.ts'

/** Any status of the product. */
export type AnyStatus = RunStatus | StepStatus | AttemptStatus | OrderStatus | ApprovalStatus

/** The kind of a colour; `.tone-*` of theme.css gives `--fg`, `--bg` and `--tone-line` of it. */
export type Tone = 'gray' | 'blue' | 'amber' | 'violet' | 'green' | 'red'

/** How each status looks, everywhere: word, colour and icon, since a colour alone says nothing to many. */
export const STATUS_LOOKS: Record<AnyStatus, { word: string; tone: Tone; icon: Icon }> = {
  queued: { word: 'Queued', tone: 'gray', icon: IconStack2 },
  pending: { word: 'Pending', tone: 'gray', icon: IconCircleDashed },
  running: { word: 'Running', tone: 'blue', icon: IconPlayerPlay },
  retrying: { word: 'Retrying', tone: 'amber', icon: IconRefresh },
  waiting: { word: 'Waiting', tone: 'violet', icon: IconHourglass },
  paused: { word: 'Paused', tone: 'amber', icon: IconPlayerPause },
  cancelling: { word: 'Cancelling', tone: 'amber', icon: IconClockPause },
  completed: { word: 'Completed', tone: 'green', icon: IconCheck },
  failed: { word: 'Failed', tone: 'red', icon: IconX },
  skipped: { word: 'Skipped', tone: 'gray', icon: IconPlayerSkipForward },
  cancelled: { word: 'Cancelled', tone: 'gray', icon: IconBan },
  lost: { word: 'Lost', tone: 'amber', icon: IconPlugConnectedX },
  validated: { word: 'Validated', tone: 'blue', icon: IconCheck },
  charged: { word: 'Charged', tone: 'blue', icon: IconCreditCard },
  shipped: { word: 'Shipped', tone: 'green', icon: IconTruck },
  refunded: { word: 'Refunded', tone: 'amber', icon: IconArrowBackUp },
  open: { word: 'Open', tone: 'violet', icon: IconUserQuestion },
  approved: { word: 'Approved', tone: 'green', icon: IconCheck },
  rejected: { word: 'Rejected', tone: 'red', icon: IconX },
  expired: { word: 'Expired', tone: 'gray', icon: IconClockX },
  void: { word: 'Void', tone: 'gray', icon: IconBan },
}
