import { crc32 } from 'node:zlib'

/** One frame of Amazon's event stream, with headers that are texts. */
export function frameOf(headers: Readonly<Record<string, string>>, payload: Uint8Array): Buffer {
  return framed(headersOf(headers), payload)
}

/** The same with headers as bytes. */
export function framed(headers: Uint8Array, payload: Uint8Array): Buffer {
  const lengths = Buffer.alloc(8)
  lengths.writeUInt32BE(12 + headers.length + payload.length + 4, 0)
  lengths.writeUInt32BE(headers.length, 4)
  const message = Buffer.concat([lengths, crcOf(lengths), headers, payload])
  return Buffer.concat([message, crcOf(message)])
}

/** The checksum of bytes, as a frame holds it. */
export function crcOf(bytes: Uint8Array): Buffer {
  const crc = Buffer.alloc(4)
  crc.writeUInt32BE(crc32(bytes))
  return crc
}

/** Headers that are texts. */
export function headersOf(headers: Readonly<Record<string, string>>): Buffer {
  return Buffer.concat(Object.entries(headers).map(([name, value]) => headerOf(name, value)))
}

function headerOf(name: string, value: string): Buffer {
  const length = Buffer.alloc(2)
  length.writeUInt16BE(Buffer.byteLength(value))
  return Buffer.concat([
    Buffer.of(Buffer.byteLength(name)),
    Buffer.from(name),
    Buffer.of(7),
    length,
    Buffer.from(value),
  ])
}

/** An event as Bedrock frames it: its kind is its one key. What ends in `Exception` is one. */
export function eventFrame(event: object): Buffer {
  const [[kind, payload] = ['', {}]] = Object.entries(event)
  const isException = kind.endsWith('Exception')
  return frameOf(
    {
      [isException ? ':exception-type' : ':event-type']: kind,
      ':content-type': 'application/json',
      ':message-type': isException ? 'exception' : 'event',
    },
    Buffer.from(JSON.stringify(payload)),
  )
}
