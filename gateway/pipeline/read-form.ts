import type { IncomingMessage } from 'node:http'
import { Busboy } from '@fastify/busboy'

import { GatewayError } from '../errors/gateway-error.ts'
import { FlowingFile } from './flowing-file.ts'
import { FormRequest, spool, type Part } from './form-request.ts'

export interface FormLimits {
  /** Largest file, bytes. */
  readonly maxUploadBytes: number
  /** Where files that do not fit into memory rest. */
  readonly folder: string
  /** Hand a file on while it still comes in, where the model is known before it. */
  readonly mayFlow: boolean
}

const largestField = 1024 * 1024
const mostFields = 200
const mostFiles = 32

/**
 * Reads a multipart form until it is known who is to have it: where `model` stands before the file the file
 * flows through, else it is spooled. Throws `invalid_request` or `request_too_large`.
 */
export async function readForm(message: IncomingMessage, limits: FormLimits): Promise<FormRequest> {
  const parts = createPartQueue(message, limits.maxUploadBytes)
  const held: Part[] = []
  for (let next = await parts.next(); !next.done; next = await parts.next()) {
    const part = next.value
    if (part.kind === 'text') {
      held.push(part)
      continue
    }
    if (limits.mayFlow && held.some(({ name }) => name === 'model')) {
      held.push(part)
      return new FormRequest(held, parts, limits.folder)
    }
    held.push(await spool(part, limits.folder))
  }
  return new FormRequest(held, undefined, limits.folder)
}

/** Parts one after the other; the next comes only when the file before it has been read. */
function createPartQueue(message: IncomingMessage, maxUploadBytes: number): AsyncIterator<Part> {
  const busboy = createBusboy(message, maxUploadBytes)
  const waiting: Part[] = []
  const files: FlowingFile[] = []
  let failure: GatewayError | undefined
  let isOver = false
  let wake: (() => void) | undefined
  const changed = (): void => {
    wake?.()
    wake = undefined
  }
  const fail = (error: GatewayError): void => {
    failure ??= error
    message.unpipe(busboy)
    message.resume()
    for (const file of files) file.breakOff()
    changed()
  }
  busboy.on('field', (name, value, isNameCut, isValueCut) => {
    if (isNameCut || isValueCut)
      fail(tooLarge(`The field ${name.slice(0, 60)} is larger than 1 MiB.`))
    else waiting.push({ kind: 'text', name, value })
    changed()
  })
  busboy.on('file', (name, stream, fileName, _, contentType) => {
    stream.on('limit', () => {
      fail(tooLarge(`The file in '${name}' is larger than ${maxUploadBytes / 1024 / 1024} MiB.`))
    })
    const content = new FlowingFile(stream, (cause) => failure ?? malformed(cause))
    files.push(content)
    waiting.push({
      kind: 'file',
      name,
      fileName: fileName ?? 'file',
      contentType: plainType(contentType),
      content,
    })
    changed()
  })
  for (const event of ['partsLimit', 'filesLimit', 'fieldsLimit'] as const) {
    busboy.on(event, () =>
      fail(new GatewayError('invalid_request', 'The form has too many parts.')),
    )
  }
  busboy.on('error', (cause) => fail(malformed(cause)))
  busboy.on('finish', () => {
    isOver = true
    changed()
  })
  message.once('close', () => {
    if (!message.complete)
      fail(new GatewayError('caller_gone', 'The caller left before its form was complete.'))
  })
  message.pipe(busboy)
  return {
    async next() {
      for (;;) {
        const part = waiting.shift()
        if (part) return { done: false, value: part }
        if (failure) throw failure
        if (isOver) return { done: true, value: undefined }
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    },
  }
}

function createBusboy(message: IncomingMessage, maxUploadBytes: number) {
  const type = message.headers['content-type']
  try {
    return new Busboy({
      headers: { ...message.headers, 'content-type': type ?? '' },
      limits: {
        fieldSize: largestField,
        fields: mostFields,
        files: mostFiles,
        fileSize: maxUploadBytes,
      },
    })
  } catch (cause) {
    throw malformed(cause)
  }
}

function plainType(contentType: string): string {
  return /^[\w.+-]+\/[\w.+-]+$/.test(contentType) ? contentType : 'application/octet-stream'
}

function malformed(cause: unknown): GatewayError {
  return new GatewayError(
    'invalid_request',
    'The form is malformed; send multipart/form-data with a boundary and whole parts.',
    { cause },
  )
}

function tooLarge(message: string): GatewayError {
  return new GatewayError('request_too_large', message)
}
