/** Chance that can be repeated: the same seed gives the same throws. */
export interface Dice {
  /** Unsigned 32 bits. */
  state: number
}

// The golden ratio of 2^32, odd: steps of it meet every state once before any comes again.
const step = 0x9e3779b9

/** The next throw, uniform in [0, 1). */
export function roll(dice: Dice): number {
  dice.state = (dice.state + step) >>> 0
  return scramble(dice.state) / 0x1_0000_0000
}

/** The next throw among 0 … `sides` - 1. */
export function rollBelow(sides: number, dice: Dice): number {
  return Math.floor(roll(dice) * sides)
}

/** Unsigned 32 bits in which each bit hangs on all of the given ones (the finalizer of MurmurHash3). */
export function scramble(bits: number): number {
  let mixed = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return (mixed ^ (mixed >>> 16)) >>> 0
}

/** Unsigned 32 bits of a text (FNV-1a over its UTF-16 units), going on from `before`. */
export function digest(text: string, before = 0x811c9dc5): number {
  let bits = before
  for (let at = 0; at < text.length; at += 1) {
    bits = Math.imul(bits ^ text.charCodeAt(at), 0x01000193)
  }
  return bits >>> 0
}
