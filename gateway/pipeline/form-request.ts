import type { Readable } from 'node:stream'

import type { DeploymentParams } from '../../modules/module.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import type { UploadedFile } from '../providers/provider.ts'
import { controlFields } from './control-fields.ts'
import type { FlowingFile } from './flowing-file.ts'
import type { FieldKind } from './json-document.ts'
import { SpooledFile } from './spooled-file.ts'
import { encodeForm, type Hear } from './write-form.ts'

/** A text field of a form, or one of its files. */
export type Part = TextPart | FilePart

export interface TextPart {
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
  readonly #held: Part[]
  readonly #folder: string
  #fields: Readonly<Record<string, unknown>>
  #coming: AsyncIterator<Part> | undefined
  // Fields that are not passed on as the caller wrote them.
  #replaced: ReadonlySet<string> = controlFields

  /** `folder` is where files rest that do not fit into memory. */
  constructor(held: readonly Part[], coming: AsyncIterator<Part> | undefined, folder: string) {
    this.#held = [...held]
    this.#folder = folder
    this.#coming = coming
    this.#fields = fieldsOf(held)
  }

  /** Texts by name; a name that ends in `[]` is a list. Until `gather`, those in front of a file that flows. */
  get fields(): Readonly<Record<string, unknown>> {
    return this.#fields
  }

  /** One of them; undefined where there is none. */
  field(name: string): unknown {
    return this.#fields[name]
  }

  /** The kind of one value; undefined where there is none. */
  kindOf(name: string): FieldKind | undefined {
    const value = this.#fields[name]
    if (value === undefined || value === null) return undefined
    if (Array.isArray(value)) return 'list'
    return typeof value === 'string' ? 'text' : 'other'
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

  /** Takes in what still comes: all fields are known then, and files can be read more than once. */
  async gather(): Promise<void> {
    const coming = this.#coming
    if (!coming) return
    this.#coming = undefined
    for (const [index, part] of this.#held.entries())
      if (part.kind === 'file' && !(part.content instanceof SpooledFile))
        this.#held[index] = await spool(part, this.#folder)
    for (let next = await coming.next(); !next.done; next = await coming.next()) {
      const part = next.value
      this.#held.push(part.kind === 'file' ? await spool(part, this.#folder) : part)
    }
    this.#fields = fieldsOf(this.#held)
  }

  /** The form in our own encoding: `model` and defaults put in, control fields left out, files byte for byte. */
  encode(
    params: Pick<DeploymentParams, 'defaults' | 'extraBody' | 'additionalDropParams'>,
    upstreamModel: string,
    hear?: Hear,
  ): { headers: string[]; body: Readable } {
    const { defaults, extraBody, additionalDropParams: dropped } = params
    const named = new Set(this.#held.map(({ name }) => name.replace(/\[\]$/, '')))
    const absent = Object.entries(defaults).filter(
      ([name]) => !named.has(name) && !dropped.includes(name),
    )
    const added = Object.entries({ ...Object.fromEntries(absent), ...extraBody })
    this.#replaced = new Set(['model', ...controlFields, ...dropped, ...Object.keys(extraBody)])
    const first: Part[] = [{ kind: 'text', name: 'model', value: upstreamModel }]
    for (const [name, value] of added) first.push(...textParts(name, value))
    const rest = this.#held.filter((part) => this.#goesOn(part))
    return encodeForm([...first, ...rest], hear, this.#coming && this.#others())
  }

  /** The files, those of one name in their order. */
  files(): readonly FilePart[] {
    return this.#held.filter((part) => part.kind === 'file')
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

  /** What comes behind a file that flows. */
  async *#others(): AsyncGenerator<Part> {
    const coming = this.#coming
    this.#coming = undefined
    if (!coming) return
    for (let next = await coming.next(); !next.done; next = await coming.next())
      if (this.#goesOn(next.value)) yield next.value
  }

  #goesOn({ name }: Part): boolean {
    return !this.#replaced.has(name.replace(/\[\]$/, ''))
  }
}

/** Takes a file in whole, on disk where it is large. */
export async function spool(part: FilePart, folder: string): Promise<FilePart> {
  return { ...part, content: await SpooledFile.of(part.content.read(), folder) }
}

/** A field as a form has it: a list as one part for each of its values, named with brackets. */
export function textParts(name: string, value: unknown): TextPart[] {
  if (!Array.isArray(value)) return [{ kind: 'text', name, value: textOf(value) }]
  return value.map((one) => ({ kind: 'text', name: `${name}[]`, value: textOf(one) }))
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function fieldsOf(parts: readonly Part[]): Record<string, unknown> {
  const fields = new Map<string, unknown>()
  const lists = new Map<string, string[]>()
  for (const { kind, name, ...part } of parts) {
    if (kind !== 'text' || !('value' in part)) continue
    if (!name.endsWith('[]')) {
      fields.set(name, part.value)
      continue
    }
    const bare = name.slice(0, -2)
    const list = lists.get(bare)
    if (list) list.push(part.value)
    else lists.set(bare, [part.value])
  }
  return Object.fromEntries([...fields, ...lists])
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
