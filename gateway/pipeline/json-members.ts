/** One member of a JSON object, by byte offsets: `"key": value`. */
export interface Member {
  readonly key: string
  /** Offset of the key's opening quote. */
  readonly start: number
  readonly valueStart: number
  /** Offset behind the value's last byte. */
  readonly end: number
}

export class JsonShapeError extends Error {}

const quote = 0x22
const backslash = 0x5c
const comma = 0x2c
const colon = 0x3a
const openBrace = 0x7b
const closeBrace = 0x7d
const openBracket = 0x5b
const closeBracket = 0x5d

/** Deeper than any honest request; a stack of a parser behind us may break on more. */
export const deepestNesting = 128

/**
 * The members of the object in `bytes`, found in one pass without making values. The text must be
 * valid JSON for the offsets to mean anything; broken text ends in JsonShapeError, never in a hang.
 */
export function findMembers(bytes: Buffer, from = 0): Member[] {
  const members: Member[] = []
  walk(bytes, from, (member) => {
    members.push(member)
    return true
  })
  return members
}

/** The first member of that key; what stands behind it is not looked at. */
export function findMember(bytes: Buffer, key: string, from = 0): Member | undefined {
  let found: Member | undefined
  walk(bytes, from, (member) => {
    if (member.key === key) found = member
    return found === undefined
  })
  return found
}

/** Hands out member after member until the object ends or `take` has seen enough. */
function walk(bytes: Buffer, from: number, take: (member: Member) => boolean): void {
  let at = skipSpace(bytes, from)
  if (bytes[at] !== openBrace) throw new JsonShapeError('expected an object')
  at = skipSpace(bytes, at + 1)
  if (bytes[at] === closeBrace) return
  for (;;) {
    if (bytes[at] !== quote) throw new JsonShapeError('expected a key')
    const start = at
    const keyEnd = skipString(bytes, at)
    at = skipSpace(bytes, keyEnd)
    if (bytes[at] !== colon) throw new JsonShapeError('expected a colon')
    const valueStart = skipSpace(bytes, at + 1)
    const end = skipValue(bytes, valueStart)
    if (!take({ key: readKey(bytes, start, keyEnd), start, valueStart, end })) return
    at = skipSpace(bytes, end)
    if (bytes[at] === closeBrace) return
    if (bytes[at] !== comma) throw new JsonShapeError('expected a comma')
    at = skipSpace(bytes, at + 1)
  }
}

function readKey(bytes: Buffer, start: number, end: number): string {
  const text = bytes.toString('latin1', start + 1, end - 1)
  // An escaped or non-ASCII key takes the slow way, so that "mod\u0065l" is the same key as "model".
  if (!/[\\\x80-\xff]/.test(text)) return text
  try {
    return String(JSON.parse(bytes.toString('utf8', start, end)))
  } catch {
    throw new JsonShapeError('a key is not sound')
  }
}

function skipSpace(bytes: Buffer, from: number): number {
  let at = from
  for (;;) {
    const byte = bytes[at]
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return at
    at += 1
  }
}

/** Offset behind the closing quote of the string that opens at `from`. */
function skipString(bytes: Buffer, from: number): number {
  let at = from + 1
  for (;;) {
    const close = bytes.indexOf(quote, at)
    if (close < 0) throw new JsonShapeError('a string has no end')
    let slashes = close - 1
    while (bytes[slashes] === backslash && slashes > from) slashes -= 1
    if ((close - 1 - slashes) % 2 === 0) return close + 1
    at = close + 1
  }
}

function skipValue(bytes: Buffer, from: number): number {
  const first = bytes[from]
  if (first === quote) return skipString(bytes, from)
  if (first === openBrace || first === openBracket) return skipNested(bytes, from)
  let at = from
  for (;;) {
    const byte = bytes[at]
    if (
      byte === undefined ||
      byte === comma ||
      byte === closeBrace ||
      byte === closeBracket ||
      byte <= 0x20
    )
      break
    at += 1
  }
  if (at === from) throw new JsonShapeError('expected a value')
  return at
}

function skipNested(bytes: Buffer, from: number): number {
  let depth = 0
  let at = from
  while (at < bytes.length) {
    const byte = bytes[at]
    if (byte === quote) {
      at = skipString(bytes, at)
      continue
    }
    if (byte === openBrace || byte === openBracket) {
      depth += 1
      if (depth >= deepestNesting)
        throw new JsonShapeError(`nested deeper than ${deepestNesting} levels`)
    } else if (byte === closeBrace || byte === closeBracket) {
      depth -= 1
      if (depth === 0) return at + 1
    }
    at += 1
  }
  throw new JsonShapeError('an object or list has no end')
}
