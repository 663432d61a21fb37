import { isPlain } from './json-scan.ts'

const known: string[] = Array.from({ length: 256 }, () => '')
const longestKnown = 32

/** The text of the JSON string between two quotes. */
export function textAt(bytes: Buffer, open: number, close: number): string {
  // Bodies repeat their keys and names: one that was seen before needs no new text.
  const length = close - open - 1
  const place = (length * 31 + (bytes[open + 1] ?? 0) * 7 + (bytes[close - 1] ?? 0)) & 255
  const seen = known[place] ?? ''
  if (seen.length === length && standsAt(bytes, open + 1, seen)) return seen
  // What is escaped or not ASCII takes the slow way, so that "mod\u0065l" is the same key as "model".
  if (!isPlain(bytes, open + 1, close))
    return String(JSON.parse(bytes.toString('utf8', open, close + 1)))
  const text = bytes.toString('latin1', open + 1, close)
  if (length <= longestKnown) known[place] = text
  return text
}

/** Whether these ASCII characters stand there. */
function standsAt(bytes: Buffer, from: number, text: string): boolean {
  for (let at = 0; at < text.length; at += 1)
    if (bytes[from + at] !== text.charCodeAt(at)) return false
  return true
}
