import { headLength, type Sound, type SoundReader } from './duration-reader.ts'

const id = {
  segment: 0x18538067,
  info: 0x1549a966,
  timeScale: 0x2ad7b1,
  duration: 0x4489,
  cluster: 0x1f43b675,
  clusterTime: 0xe7,
  simpleBlock: 0xa3,
  blockGroup: 0xa0,
  block: 0xa1,
} as const

/** Their children follow at once. */
const containers: readonly number[] = [id.segment, id.info, id.cluster, id.blockGroup]
const blocks: readonly number[] = [id.simpleBlock, id.block]

/** WebM: the duration it tells, else the time of its last block: recorders in browsers know no better. */
export function* readWebm(head: Buffer, sound: Sound): SoundReader {
  const length = vintLength(head[4] ?? 0)
  const rest = 4 + length + vintValue(head.subarray(4, 4 + length)) - headLength
  if (length > 8 || rest < 0) return
  yield -rest
  let scale = 1_000_000
  let clusterTime = 0
  for (;;) {
    const element = yield* readId()
    const size = yield* readSize()
    if (element === undefined || size === undefined) return
    if (containers.includes(element)) continue
    if (size === Infinity) return
    if (blocks.includes(element) && size >= 4) {
      const block = yield 4
      const seconds = ((clusterTime + block.readInt16BE(1)) * scale) / 1e9
      sound.seconds = Math.max(sound.seconds ?? 0, seconds)
      yield -(size - 4)
    } else if (element === id.duration && (size === 4 || size === 8)) {
      const value = yield size
      sound.seconds = ((size === 4 ? value.readFloatBE(0) : value.readDoubleBE(0)) * scale) / 1e9
      if (sound.seconds > 0) return
    } else if ((element === id.timeScale || element === id.clusterTime) && size <= 8) {
      const value = (yield size).reduce((sum, byte) => sum * 256 + byte, 0)
      if (element === id.timeScale) scale = value
      else clusterTime = value
    } else yield -size
  }
}

/** The marks of its length belong to an id. */
function* readId(): Generator<number, number | undefined, Buffer> {
  const first = yield 1
  const length = vintLength(first[0] ?? 0)
  if (length > 4) return undefined
  const rest = length > 1 ? yield length - 1 : Buffer.alloc(0)
  return [...first, ...rest].reduce((sum, byte) => sum * 256 + byte, 0)
}

/** Infinity: as far as it goes. */
function* readSize(): Generator<number, number | undefined, Buffer> {
  const first = Buffer.from(yield 1)
  const length = vintLength(first[0] ?? 0)
  if (length > 8) return undefined
  const rest = length > 1 ? yield length - 1 : Buffer.alloc(0)
  const value = vintValue(Buffer.concat([first, rest]))
  return value === 2 ** (7 * length) - 1 ? Infinity : value
}

/** Bytes of a number, by the zeros that its first byte begins with; 9: it is none. */
function vintLength(first: number): number {
  return Math.clz32(first) - 23
}

function vintValue(bytes: Buffer): number {
  const mark = 2 ** (8 - bytes.length)
  return bytes.reduce((sum, byte, index) => sum * 256 + (index === 0 ? byte % mark : byte), 0)
}
