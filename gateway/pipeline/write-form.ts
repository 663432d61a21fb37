import { randomUUID } from 'node:crypto'
import { Readable } from 'node:stream'

import type { Part } from './form-request.ts'

/** Told of the bytes of a file as they pass. */
export type Hear = (chunk: Buffer) => void

/** A body to be sent, with the headers that describe it: flat name and value. */
export interface EncodedBody {
  readonly headers: string[]
  readonly body: Buffer | Readable
}

/** Parts as a multipart form in our own encoding, files byte for byte; `coming` are those still under way. */
export function encodeForm(
  parts: readonly Part[],
  hear?: Hear,
  coming?: AsyncIterable<Part>,
): EncodedBody & { readonly body: Readable } {
  const boundary = `----colonnade-${randomUUID()}`
  const headers = ['content-type', `multipart/form-data; boundary=${boundary}`]
  const length = coming ? undefined : lengthOf(parts, boundary)
  if (length !== undefined) headers.push('content-length', `${length}`)
  return { headers, body: Readable.from(write(parts, boundary, hear, coming)) }
}

/** The bytes of a file as they come; what is uploaded as `file` is heard. */
export async function* bytesOf(
  { name, content }: Extract<Part, { kind: 'file' }>,
  hear?: Hear,
): AsyncGenerator<Buffer> {
  for await (const chunk of content.read()) {
    const bytes = Buffer.from(chunk)
    if (name === 'file') hear?.(bytes)
    yield bytes
  }
}

async function* write(
  parts: readonly Part[],
  boundary: string,
  hear?: Hear,
  coming?: AsyncIterable<Part>,
): AsyncGenerator<Buffer> {
  for (const part of parts) yield* writePart(part, boundary, hear)
  if (coming) for await (const part of coming) yield* writePart(part, boundary, hear)
  yield Buffer.from(`--${boundary}--\r\n`)
}

async function* writePart(part: Part, boundary: string, hear?: Hear): AsyncGenerator<Buffer> {
  yield Buffer.from(headOf(part, boundary))
  if (part.kind === 'text') yield Buffer.from(part.value)
  else yield* bytesOf(part, hear)
  yield Buffer.from('\r\n')
}

function headOf(part: Part, boundary: string): string {
  const disposition = `--${boundary}\r\ncontent-disposition: form-data; name="${quoted(part.name)}"`
  if (part.kind === 'text') return `${disposition}\r\n\r\n`
  return `${disposition}; filename="${quoted(part.fileName)}"\r\ncontent-type: ${part.contentType}\r\n\r\n`
}

// A quote or line break in a name would begin a header of its own. Source: WHATWG, multipart/form-data encoding.
function quoted(name: string): string {
  return name.replaceAll('"', '%22').replaceAll('\r', '%0D').replaceAll('\n', '%0A')
}

function lengthOf(parts: readonly Part[], boundary: string): number | undefined {
  let length = Buffer.byteLength(`--${boundary}--\r\n`)
  for (const part of parts) {
    length += Buffer.byteLength(headOf(part, boundary)) + 2
    if (part.kind === 'text') length += Buffer.byteLength(part.value)
    else if (part.content.length === undefined) return undefined
    else length += part.content.length
  }
  return length
}
