import { headLength, type Sound, type SoundReader } from './duration-reader.ts'

/** MP4 and M4A: the duration in the head of the film, wherever in the file that stands. */
export function* readMp4(head: Buffer, sound: Sound): SoundReader {
  const first = head.readUInt32BE(0)
  if (first < headLength) return
  yield -(first - headLength)
  for (;;) {
    const header = yield 8
    const type = header.toString('latin1', 4)
    let rest = header.readUInt32BE(0) - 8
    if (rest === -7) rest = Number((yield 8).readBigUInt64BE(0)) - 16
    if (type === 'mvhd') {
      sound.seconds = durationIn(yield 32)
      return
    }
    if (rest < 0) return
    // Its inner boxes follow at once.
    if (type !== 'moov') yield -rest
  }
}

function durationIn(film: Buffer): number | undefined {
  const isLong = film[0] === 1
  const scale = film.readUInt32BE(isLong ? 20 : 12)
  const units = isLong ? Number(film.readBigUInt64BE(24)) : film.readUInt32BE(16)
  // In pieces that come one by one it is not known: 0, or all ones.
  const isKnown = scale > 0 && units > 0 && units < (isLong ? 2 ** 63 : 2 ** 32 - 1)
  return isKnown ? units / scale : undefined
}
