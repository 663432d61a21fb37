import { Readable } from 'node:stream'

import { GatewayError } from '../errors/gateway-error.ts'
import type { SentBody, UploadedFile, UpstreamCall } from '../providers/provider.ts'
import { textParts, type FilePart, type Part } from './form-request.ts'
import type { ReadRequest } from './serve.ts'
import { SpooledFile } from './spooled-file.ts'
import { bytesOf, encodeForm, type EncodedBody, type Hear } from './write-form.ts'

/** The body of a translated call: JSON, or what its dialect has in place of it; files flow from where they rest. */
export function encodeBody(call: UpstreamCall, request: ReadRequest, hear?: Hear): EncodedBody {
  if (call.sent) return encodeSent(call.sent, request, hear)
  return {
    headers: ['content-type', 'application/json'],
    body: Buffer.from(JSON.stringify(call.body)),
  }
}

/** The files of a request without their bytes, for a dialect that has them sent as they are. */
export function namesOfFiles(request: ReadRequest): UploadedFile[] {
  if (request.kind !== 'form') return []
  return request.files().map(({ name, fileName, contentType }) => ({
    field: name,
    fileName,
    contentType,
    bytes: nothing,
  }))
}

const nothing = new Uint8Array()

function encodeSent(sent: SentBody, request: ReadRequest, hear?: Hear): EncodedBody {
  if (sent.kind === 'form') {
    const parts = sent.parts.flatMap((part): readonly Part[] => {
      if ('bytes' in part)
        return [{ kind: 'file', ...part, content: SpooledFile.holding(part.bytes) }]
      return 'file' in part
        ? [{ ...fileOf(request, part.file), name: part.name }]
        : textParts(part.name, part.value)
    })
    return encodeForm(parts, hear)
  }
  const headers = ['content-type', sent.contentType]
  if (sent.kind === 'text') return { headers, body: Buffer.from(sent.text) }
  const file = fileOf(request, sent.file)
  const { length } = file.content
  if (length !== undefined) headers.push('content-length', `${length}`)
  return { headers, body: Readable.from(bytesOf(file, hear)) }
}

function fileOf(request: ReadRequest, field: string): FilePart {
  const files = request.kind === 'form' ? request.files() : []
  const file = files.find(({ name }) => name === field)
  if (file) return file
  throw new GatewayError('invalid_request', `Missing required parameter: '${field}'.`, {
    param: field,
  })
}
