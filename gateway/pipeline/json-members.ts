import { nestedEnd, scalarEnd, spaceEnd, stringEnd } from './json-scan.ts'
import { textAt } from './json-text.ts'

/** One member of a JSON object, by byte offsets: `"key": value`. */
export interface Member {
  readonly key: string
  /** Offset of the key's opening quote. */
  readonly start: number
  readonly valueStart: number
  /** Offset behind the value's last byte. */
  readonly end: number
}

/** What stands there is no JSON object, or one that is nested too deep. */
export class JsonShapeError extends Error {}

/** The members of the object that begins at `from`, found in one pass without making values; what follows it is not looked at. */
export function findMembers(bytes: Buffer, from = 0): Member[] {
  const members: Member[] = []
  walk(bytes, from, members)
  return members
}

/** The members of the one object that `bytes` are; undefined where they are anything else, or nested too deep. */
export function membersOf(bytes: Buffer): Member[] | undefined {
  const members: Member[] = []
  try {
    const end = walk(bytes, 0, members)
    return spaceEnd(bytes, end) === bytes.length ? members : undefined
  } catch (cause) {
    if (cause instanceof JsonShapeError) return undefined
    throw cause
  }
}

/** The first member of that key; what stands behind it is not looked at. */
export function findMember(bytes: Buffer, key: string, from = 0): Member | undefined {
  const members: Member[] = []
  walk(bytes, from, members, key)
  const last = members.at(-1)
  return last?.key === key ? last : undefined
}

const quote = 0x22
const comma = 0x2c
const colon = 0x3a
const openBrace = 0x7b
const closeBrace = 0x7d
const openBracket = 0x5b

/** Adds member after member until the object ends, or behind the one that is wanted; gives the offset there. */
function walk(bytes: Buffer, from: number, members: Member[], wanted?: string): number {
  let at = spaceEnd(bytes, from)
  if (bytes[at] !== openBrace) throw new JsonShapeError('expected an object')
  at = spaceEnd(bytes, at + 1)
  if (bytes[at] === closeBrace) return at + 1
  for (;;) {
    if (bytes[at] !== quote) throw new JsonShapeError('expected a key')
    const start = at
    const keyEnd = stringEnd(bytes, at)
    if (keyEnd < 0) throw new JsonShapeError('a key is not sound')
    at = spaceEnd(bytes, keyEnd)
    if (bytes[at] !== colon) throw new JsonShapeError('expected a colon')
    const valueStart = spaceEnd(bytes, at + 1)
    const first = bytes[valueStart]
    const isNested = first === openBrace || first === openBracket
    const end = isNested ? nestedEnd(bytes, valueStart) : scalarEnd(bytes, valueStart)
    if (end < 0) throw new JsonShapeError('a value is not sound')
    const key = textAt(bytes, start, keyEnd - 1)
    members.push({ key, start, valueStart, end })
    if (key === wanted) return end
    at = spaceEnd(bytes, end)
    if (bytes[at] === closeBrace) return at + 1
    if (bytes[at] !== comma) throw new JsonShapeError('expected a comma')
    at = spaceEnd(bytes, at + 1)
  }
}
