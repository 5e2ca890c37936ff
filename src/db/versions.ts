import type { Json } from '../workflow/definition.ts'
import type { Database } from './client.ts'

/** Definition of a version, as stored; null if there is none. Index: workflow_versions_pkey. */
export async function readDefinition(db: Database, versionId: string): Promise<Json | null> {
  const rows = await db.batch<{ definition: Json }>(
    'read_definition',
    'SELECT definition FROM workflow_versions WHERE id = $1',
    [versionId],
  )
  return rows[0]?.definition ?? null
}
