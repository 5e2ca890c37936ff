import { type Icon, IconApi, IconArrowsSplit2, IconCalendarClock, IconRepeat, IconWebhook } from '@tabler/icons-react'
import type { RunEntry } from '../../api/shapes.ts'

/** What started a run, in a word. */
export function triggerOf(run: RunEntry): { word: string; icon: Icon } {
  if (run.parent_run_id !== null) return { word: 'Parent run', icon: IconArrowsSplit2 }
  if (run.schedule_id !== null) return { word: 'Schedule', icon: IconCalendarClock }
  if (run.webhook_id !== null) return { word: 'Webhook', icon: IconWebhook }
  if (run.rerun_of !== null) return { word: 'Rerun', icon: IconRepeat }
  return { word: 'API', icon: IconApi }
}
