import { base64Of } from './data-url.ts'
import { invalid, nonsense } from './dialect-limits.ts'
import { fieldOf } from '../../modules/json-object.ts'
import type { Steps } from './conversation.ts'
import { readPictureHeader, type PictureHeader } from './picture-header.ts'
import type { ModelRequest } from './provider.ts'
import { isGiven, textOf, type JsonObject } from './read-json.ts'

/** A caller's picture, and what its first bytes tell. */
export interface Picture {
  readonly bytes: Uint8Array
  readonly header: PictureHeader
}

/** The pictures of an edit or a variation: uploaded files, or one as a data: URL. */
export function picturesOf(request: ModelRequest, fields: JsonObject): Picture[] {
  const files = request.files.filter(({ field }) => /^image(\[\d*\])?$/.test(field))
  if (files.length > 0) return files.map(({ bytes }) => known(bytes, 'image'))
  const one = isGiven(fields['image']) ? known(decoded(fields['image'], 'image'), 'image') : []
  return [one].flat()
}

export function maskOf(request: ModelRequest, fields: JsonObject): Picture | undefined {
  const file = request.files.find(({ field }) => field === 'mask')
  if (file) return known(file.bytes, 'mask')
  return isGiven(fields['mask']) ? known(decoded(fields['mask'], 'mask'), 'mask') : undefined
}

const folder = 'colonnade'

/** Puts a picture among the server's inputs, under a name of ours, and gives the name it is loaded by. */
export function* upload(
  { bytes, header: { contentType } }: Picture,
  name: string,
  model: string,
): Steps<string> {
  const fileName = `${name}.${contentType.slice('image/'.length)}`
  const { json } = yield {
    kind: 'call',
    expects: 'json',
    call: {
      method: 'POST',
      path: '/upload/image',
      sent: {
        kind: 'form',
        parts: [
          { name: 'image', fileName, contentType, bytes },
          { name: 'type', value: 'input' },
          { name: 'subfolder', value: folder },
          { name: 'overwrite', value: 'true' },
        ],
      },
    },
  }
  const kept = textOf(fieldOf(json, 'name')) ?? ''
  const place = textOf(fieldOf(json, 'subfolder')) ?? ''
  if (!/^[\w.() -]{1,200}$/.test(kept) || !/^[\w./-]{0,200}$/.test(place))
    throw nonsense('the name of an uploaded picture was expected', model)
  return place === '' ? kept : `${place}/${kept}`
}

function known(bytes: Uint8Array, param: string): Picture {
  const header = readPictureHeader(bytes)
  if (!header) throw invalid(param, 'must be a picture: PNG, JPEG, WebP or GIF.')
  return { bytes, header }
}

function decoded(value: unknown, param: string): Uint8Array {
  const text = textOf(value)
  if (text === undefined || text === '')
    throw invalid(param, 'must be an uploaded file or a data: URL.')
  return Buffer.from(base64Of(text, param), 'base64')
}
