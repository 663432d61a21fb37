import type { Sound, SoundReader } from './duration-reader.ts'

/** FLAC: the samples that its first block counts; 0 where whoever wrote it did not know. */
export function* readFlac(sound: Sound): SoundReader {
  // Behind the name, the block's header and the block sizes: frame sizes, rate, channels, bits, samples.
  const info = yield 14
  const rate = (info.readUInt32BE(6) >>> 12) & 0xfffff
  const samples = ((info[9] ?? 0) & 0xf) * 2 ** 32 + info.readUInt32BE(10)
  if (rate > 0 && samples > 0) sound.seconds = samples / rate
}
