/**
 * Where JSON values end, by RFC 8259 and as strictly as `JSON.parse`, without making them: a table look-up a byte,
 * which is faster than a parser on short bodies and on a megabyte of base64 alike.
 */

/** Deeper than any honest request; a stack of a parser behind us may break on more. */
export const deepestNesting = 128

const quote = 0x22
const backslash = 0x5c
const comma = 0x2c
const colon = 0x3a
const openBrace = 0x7b
const openBracket = 0x5b
const minus = 0x2d
const plus = 0x2b
const point = 0x2e
const zero = 0x30
const lowerE = 0x65
const upperE = 0x45
const lowerU = 0x75

// In ASCII each closing bracket stands two behind its opening one.
const toClosing = 2

const endsRun = tableOf(
  `"\\${String.fromCharCode(...Array.from({ length: 0x20 }, (_, code) => code))}`,
)
const isSpace = tableOf(' \t\n\r')
const isDigit = tableOf('0123456789')
const isHex = tableOf('0123456789abcdefABCDEF')
const isEscaped = tableOf('"\\/bfnrt')

function tableOf(characters: string): Uint8Array {
  const table = new Uint8Array(256)
  for (const character of characters) table[character.charCodeAt(0)] = 1
  return table
}

// Reading behind the end gives undefined, and so does a table asked for it: no test below passes there.

/** Offset behind the string that opens at `from`; -1 where it is broken. */
export function stringEnd(bytes: Uint8Array, from: number): number {
  let at = from + 1
  for (;;) {
    while (endsRun[bytes[at] ?? quote] === 0) at += 1
    if (bytes[at] === quote) return at + 1
    if (bytes[at] !== backslash) return -1
    const byte = bytes[at + 1]
    if (byte === lowerU) {
      if (!isHexAt(bytes, at + 2) || !isHexAt(bytes, at + 3)) return -1
      if (!isHexAt(bytes, at + 4) || !isHexAt(bytes, at + 5)) return -1
      at += 6
    } else if (byte !== undefined && isEscaped[byte] === 1) at += 2
    else return -1
  }
}

/** Whether a piece of a string is ASCII without an escape. */
export function isPlain(bytes: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at += 1) {
    const byte = bytes[at] ?? backslash
    if (byte === backslash || byte >= 0x80) return false
  }
  return true
}

function isHexAt(bytes: Uint8Array, at: number): boolean {
  const byte = bytes[at]
  return byte !== undefined && isHex[byte] === 1
}

/** Offset behind the string, number or literal that begins at `from`; -1 where it is broken. */
export function scalarEnd(bytes: Uint8Array, from: number): number {
  const byte = bytes[from]
  if (byte === quote) return stringEnd(bytes, from)
  if (byte === 0x74) return literalEnd(bytes, from, 'true')
  if (byte === 0x66) return literalEnd(bytes, from, 'false')
  if (byte === 0x6e) return literalEnd(bytes, from, 'null')
  return numberEnd(bytes, from)
}

function literalEnd(bytes: Uint8Array, from: number, literal: string): number {
  for (let at = 1; at < literal.length; at += 1)
    if (bytes[from + at] !== literal.charCodeAt(at)) return -1
  return from + literal.length
}

function numberEnd(bytes: Uint8Array, from: number): number {
  let at = bytes[from] === minus ? from + 1 : from
  at = bytes[at] === zero ? at + 1 : digitsEnd(bytes, at)
  if (at >= 0 && bytes[at] === point) at = digitsEnd(bytes, at + 1)
  if (at < 0) return -1
  const byte = bytes[at]
  if (byte !== lowerE && byte !== upperE) return at
  const sign = bytes[at + 1]
  return digitsEnd(bytes, sign === plus || sign === minus ? at + 2 : at + 1)
}

/** -1 where not even one digit stands. */
function digitsEnd(bytes: Uint8Array, from: number): number {
  let at = from
  while (isDigit[bytes[at] ?? 0] === 1) at += 1
  return at === from ? -1 : at
}

const opened = new Uint8Array(deepestNesting)

/** Offset behind the object or list that opens at `from`; -1 where it is broken or too deep. */
export function nestedEnd(bytes: Uint8Array, from: number): number {
  let depth = 0
  let at = from
  for (;;) {
    // Here an object or a list opens.
    let inside = bytes[at] ?? 0
    opened[depth] = inside
    depth += 1
    if (depth === deepestNesting) return -1
    at = spaceEnd(bytes, at + 1)
    let isClosing = bytes[at] === inside + toClosing
    for (;;) {
      // Here it closes, or an element of it begins.
      if (isClosing) {
        at += 1
        depth -= 1
        if (depth === 0) return at
        inside = opened[depth - 1] ?? 0
      } else {
        if (inside === openBrace) at = keyEnd(bytes, at)
        if (at < 0) return -1
        if (bytes[at] === openBrace || bytes[at] === openBracket) break
        at = scalarEnd(bytes, at)
        if (at < 0) return -1
      }
      at = spaceEnd(bytes, at)
      isClosing = bytes[at] === inside + toClosing
      if (isClosing) continue
      if (bytes[at] !== comma) return -1
      at = spaceEnd(bytes, at + 1)
    }
  }
}

/** Offset of the value whose key stands at `from`; -1 where no key stands there. */
function keyEnd(bytes: Uint8Array, from: number): number {
  if (bytes[from] !== quote) return -1
  const end = stringEnd(bytes, from)
  if (end < 0) return -1
  const at = spaceEnd(bytes, end)
  return bytes[at] === colon ? spaceEnd(bytes, at + 1) : -1
}

/** Offset of what follows white space, if any. */
export function spaceEnd(bytes: Uint8Array, from: number): number {
  let at = from
  while (isSpace[bytes[at] ?? 0] === 1) at += 1
  return at
}
