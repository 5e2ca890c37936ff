import { Time } from './time.tsx'

const ISO = /(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z)/

/** A sentence of the API with its moments as people read them, in the zone that was chosen. */
export function TimedText({ text }: { text: string }) {
  return text.split(ISO).map((part, index) => (index % 2 === 1 ? <Time key={index} at={part} show="absolute" /> : part))
}
