import type { Sound, SoundReader } from './duration-reader.ts'

/** WAV: the bytes of its data by the bytes a second. Who streams writes a length that is none. */
export function* readWav(sound: Sound): SoundReader {
  let byteRate = 0
  for (;;) {
    const header = yield 8
    const name = header.toString('latin1', 0, 4)
    const size = header.readUInt32LE(4)
    const padded = size + (size % 2)
    if (name === 'fmt ' && size >= 16) {
      const format = yield 16
      byteRate = format.readUInt32LE(8)
      yield -(padded - 16)
    } else if (name === 'data') {
      const start = sound.position
      const isOpen = size === 0 || size >= 0xffff_ff00
      if (byteRate === 0) return
      sound.atEnd = (bytes) => (isOpen ? bytes - start : Math.min(size, bytes - start)) / byteRate
      return
    } else yield -padded
  }
}
