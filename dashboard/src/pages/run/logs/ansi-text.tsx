import Anser from 'anser'

/** A text with its ANSI colours, and with what is looked for marked. */
export function AnsiText({ text, find = '' }: { text: string; find?: string | undefined }) {
  if (!text.includes('\u001b')) return <Marked text={text} find={find} />
  return Anser.ansiToJson(text, { use_classes: true, remove_empty: true, json: true }).map((part, index) => (
    <span key={index} className={classesOf(part)}>
      <Marked text={part.content} find={find} />
    </span>
  ))
}

function classesOf({ fg, bg, decorations }: Anser.AnserJsonEntry): string {
  return [fg === null ? '' : `${fg}-fg`, bg === null ? '' : `${bg}-bg`, ...decorations.map((name) => `ansi-${name}`)]
    .filter(Boolean)
    .join(' ')
}

function Marked({ text, find }: { text: string; find: string }) {
  if (find === '') return text
  const parts: (string | { hit: string; at: number })[] = []
  const lower = text.toLowerCase()
  const wanted = find.toLowerCase()
  let from = 0
  for (let at = lower.indexOf(wanted); at !== -1; at = lower.indexOf(wanted, from)) {
    parts.push(text.slice(from, at), { hit: text.slice(at, at + wanted.length), at })
    from = at + wanted.length
  }
  parts.push(text.slice(from))
  return parts.map((part) => (typeof part === 'string' ? part : <mark key={part.at}>{part.hit}</mark>))
}
