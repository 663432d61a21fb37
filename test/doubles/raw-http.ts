import { connect } from 'node:net'

export interface RawAnswer {
  /** 0 where the connection closed without an answer. */
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** Everything that came. */
  readonly text: string
}

/** Sends exactly these bytes and reads until the other side closes; fails after `withinMs` of an open connection. */
export function sendRaw(
  port: number,
  bytes: string | Uint8Array | readonly (string | Uint8Array)[],
  withinMs = 5_000,
): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const pieces: Buffer[] = []
    const socket = connect(port, '127.0.0.1')
    const timer = setTimeout(() => {
      socket.destroy()
      reject(new Error(`still open after ${withinMs} ms: ${Buffer.concat(pieces).toString()}`))
    }, withinMs)
    socket.on('data', (piece) => void pieces.push(piece))
    socket.on('error', () => undefined)
    socket.on('close', () => {
      clearTimeout(timer)
      resolve(parse(Buffer.concat(pieces).toString()))
    })
    const chunks = typeof bytes === 'string' || bytes instanceof Uint8Array ? [bytes] : bytes
    for (const chunk of chunks) socket.write(chunk)
  })
}

function parse(text: string): RawAnswer {
  const end = text.indexOf('\r\n\r\n')
  const [first = '', ...lines] = text.slice(0, Math.max(end, 0)).split('\r\n')
  const headers = lines.map((line) => {
    const colon = line.indexOf(':')
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const
  })
  return {
    status: Number(/^HTTP\/1\.1 (\d+)/.exec(first)?.[1] ?? 0),
    headers: Object.fromEntries(headers),
    body: end < 0 ? '' : text.slice(end + 4),
    text,
  }
}
