import { getJson, type Query } from './client.ts'
import type { Page } from './shapes.ts'

/** The most that a page of any list holds. */
const PAGE = 200

/** All items of a list, page after page, up to about `most`. */
export async function getAllPages<Item>(
  path: string,
  { query = {}, most, signal }: { query?: Query; most: number; signal?: AbortSignal },
): Promise<Item[]> {
  const items: Item[] = []
  let cursor: string | null = null
  do {
    const page: Page<Item> = await getJson<Page<Item>>(path, { ...query, limit: PAGE, cursor }, signal)
    items.push(...page.items)
    cursor = page.next_cursor
  } while (cursor !== null && items.length < most)
  return items
}
