const rate = 16_000
const seconds = 0.5
const pitch = 440

/** A short tone as a WAV file whose comment says demo. */
export function demoTone(): Buffer {
  const samples = Buffer.alloc(rate * seconds * 2)
  for (let at = 0; at < rate * seconds; at++) {
    const fade = Math.min(1, at / 400, (rate * seconds - at) / 400)
    samples.writeInt16LE(
      Math.round(8000 * fade * Math.sin((2 * Math.PI * pitch * at) / rate)),
      at * 2,
    )
  }
  const format = Buffer.alloc(16)
  format.writeUInt16LE(1) // PCM
  format.writeUInt16LE(1, 2) // one channel
  format.writeUInt32LE(rate, 4)
  format.writeUInt32LE(rate * 2, 8)
  format.writeUInt16LE(2, 12)
  format.writeUInt16LE(16, 14)
  const comment = Buffer.concat([Buffer.from('INFO'), chunk('ICMT', Buffer.from('demo\0\0'))])
  return chunk(
    'RIFF',
    Buffer.concat([
      Buffer.from('WAVE'),
      chunk('fmt ', format),
      chunk('LIST', comment),
      chunk('data', samples),
    ]),
  )
}

function chunk(name: string, data: Buffer): Buffer {
  const head = Buffer.alloc(8)
  head.write(name, 'latin1')
  head.writeUInt32LE(data.length, 4)
  return Buffer.concat([head, data])
}
