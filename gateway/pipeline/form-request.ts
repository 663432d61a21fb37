import { randomUUID } from 'node:crypto'
import { Readable } from 'node:stream'

import type { DeploymentParams } from '../../modules/module.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import type { UploadedFile } from '../providers/provider.ts'
import { controlFields } from './control-fields.ts'
import type { FlowingFile } from './flowing-file.ts'
import type { SpooledFile } from './spooled-file.ts'

/** A text field of a form, or one of its files. */
export type Part = TextPart | FilePart

interface TextPart {
  readonly kind: 'text'
  readonly name: string
  readonly value: string
}

export interface FilePart {
  readonly kind: 'file'
  readonly name: string
  readonly fileName: string
  readonly contentType: string
  readonly content: SpooledFile | FlowingFile
}

const largestInMemory = 64 * 1024 * 1024

/** A multipart request: the parts that are here, and, while a file still flows, those to come. */
export class FormRequest {
  readonly kind = 'form'
  readonly fields: Readonly<Record<string, unknown>>
  readonly #held: readonly Part[]
  #coming: AsyncIterator<Part> | undefined
  // Fields that are not passed on as the caller wrote them.
  #replaced: ReadonlySet<string> = controlFields

  constructor(held: readonly Part[], coming: AsyncIterator<Part> | undefined) {
    this.#held = held
    this.#coming = coming
    this.fields = fieldsOf(held)
  }

  hasFile(name: string): boolean {
    return this.#held.some(
      (part) => part.kind === 'file' && (part.name === name || part.name === `${name}[]`),
    )
  }

  /** Whether the body can be sent once more; a file that began to flow through is gone. */
  get isReplayable(): boolean {
    return !this.#held.some(
      (part) => part.kind === 'file' && 'hasBegun' in part.content && part.content.hasBegun,
    )
  }

  /** The form in our own encoding: `model` and defaults put in, control fields left out, files byte for byte. */
  encode(
    params: Pick<DeploymentParams, 'defaults' | 'extraBody' | 'additionalDropParams'>,
    upstreamModel: string,
    hear?: Hear,
  ): { headers: string[]; body: Readable } {
    const { defaults, extraBody, additionalDropParams: dropped } = params
    const boundary = `----colonnade-${randomUUID()}`
    const named = new Set(this.#held.map(({ name }) => name))
    const absent = Object.entries(defaults).filter(
      ([name]) => !named.has(name) && !dropped.includes(name),
    )
    const added = Object.entries({ ...Object.fromEntries(absent), ...extraBody })
    this.#replaced = new Set(['model', ...controlFields, ...dropped, ...Object.keys(extraBody)])
    const first: Part[] = [{ kind: 'text', name: 'model', value: upstreamModel }]
    for (const [name, value] of added) first.push({ kind: 'text', name, value: textOf(value) })
    const rest = this.#held.filter(({ name }) => !this.#replaced.has(name))
    const parts = [...first, ...rest]
    const headers = ['content-type', `multipart/form-data; boundary=${boundary}`]
    const length = this.#coming ? undefined : lengthOf(parts, boundary)
    if (length !== undefined) headers.push('content-length', `${length}`)
    return { headers, body: Readable.from(this.#write(parts, boundary, hear)) }
  }

  /** Every file in memory, for a dialect that wants them inline. */
  async readFiles(): Promise<UploadedFile[]> {
    const files: UploadedFile[] = []
    for (const part of this.#held) {
      if (part.kind !== 'file') continue
      const bytes = await readAll(part.content.read())
      files.push({
        field: part.name,
        fileName: part.fileName,
        contentType: part.contentType,
        bytes,
      })
    }
    return files
  }

  discard(): void {
    for (const part of this.#held) if (part.kind === 'file') part.content.discard()
  }

  async *#write(parts: readonly Part[], boundary: string, hear?: Hear): AsyncGenerator<Buffer> {
    for (const part of parts) yield* writePart(part, boundary, hear)
    const coming = this.#coming
    if (coming) {
      this.#coming = undefined
      for (let next = await coming.next(); !next.done; next = await coming.next()) {
        if (!this.#replaced.has(next.value.name)) yield* writePart(next.value, boundary, hear)
      }
    }
    yield Buffer.from(`--${boundary}--\r\n`)
  }
}

/** Told of the bytes of a file as they pass. */
type Hear = (chunk: Buffer) => void

async function* writePart(part: Part, boundary: string, hear?: Hear): AsyncGenerator<Buffer> {
  yield Buffer.from(headOf(part, boundary))
  if (part.kind === 'text') {
    yield Buffer.from(part.value)
  } else {
    for await (const chunk of part.content.read()) {
      const bytes = Buffer.from(chunk)
      if (part.name === 'file') hear?.(bytes)
      yield bytes
    }
  }
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

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function fieldsOf(parts: readonly Part[]): Record<string, unknown> {
  const fields = new Map<string, unknown>()
  for (const part of parts) if (part.kind === 'text') fields.set(part.name, part.value)
  return Object.fromEntries(fields)
}

async function readAll(content: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of content) {
    length += chunk.length
    if (length > largestInMemory) {
      throw new GatewayError('request_too_large', 'A picture must not be larger than 64 MiB.')
    }
    chunks.push(Buffer.from(chunk))
  }
  return Buffer.concat(chunks)
}
