import { findMembers } from './json-members.ts'
import { textAt } from './json-text.ts'

const quote = 0x22
const zero = 0x30
const nine = 0x39
const openBrace = 0x7b
const longestCount = 15

/**
 * The value of sound JSON between two offsets. Texts, counts and small objects of them, which is what a gateway asks
 * for, are made here; a parser has all else.
 */
export function valueAt(bytes: Buffer, from: number, end: number): unknown {
  const first = bytes[from]
  if (first === quote) return textAt(bytes, from, end - 1)
  if (first === openBrace && end - from <= smallObject) return objectAt(bytes, from)
  return countAt(bytes, from, end) ?? JSON.parse(bytes.toString('utf8', from, end))
}

const smallObject = 512

function objectAt(bytes: Buffer, from: number): unknown {
  const object: Record<string, unknown> = {}
  for (const { key, valueStart, end } of findMembers(bytes, from)) {
    const value = valueAt(bytes, valueStart, end)
    if (key === '__proto__') Object.defineProperty(object, key, { ...open, value })
    else object[key] = value
  }
  return object
}

// As a parser has it: a member like any other.
const open = { enumerable: true, configurable: true, writable: true }

/** A whole number without a sign; undefined where it is anything else. */
function countAt(bytes: Buffer, from: number, end: number): number | undefined {
  if (end - from > longestCount) return undefined
  let count = 0
  for (let at = from; at < end; at += 1) {
    const byte = bytes[at] ?? 0
    if (byte < zero || byte > nine) return undefined
    count = count * 10 + byte - zero
  }
  return count
}
