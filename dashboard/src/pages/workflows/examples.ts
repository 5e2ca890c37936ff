/** The examples of the project, each loaded when it is wanted. */
const files = import.meta.glob('../../../../examples/*.json', { query: '?raw', import: 'default' }) as Record<
  string,
  () => Promise<string>
>

const byName = new Map(
  Object.entries(files).map(([path, load]) => [path.replace(/^.*\//, '').replace(/\.json$/, ''), load]),
)

/** Names of the examples, in alphabetical order. */
export const EXAMPLE_NAMES: readonly string[] = [...byName.keys()].toSorted()

/** The text of an example; null where there is none of that name. */
export async function loadExample(name: string): Promise<string | null> {
  return (await byName.get(name)?.()) ?? null
}
