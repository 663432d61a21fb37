import { nearestSide } from './a1111-fields.ts'
import { base64Of } from './data-url.ts'
import { invalid, unsupported } from './dialect-limits.ts'
import type { ModelRequest } from './provider.ts'
import { isGiven, textOf, type JsonObject } from './read-json.ts'

/** The one picture of an edit or a variation, in base64: an uploaded file, or a data: URL. */
export function pictureOf(request: ModelRequest, fields: JsonObject): string {
  const pictures = request.files.filter(({ field }) => /^image(\[\d*\])?$/.test(field))
  if (pictures.length > 1)
    throw unsupported('image', 'Stable Diffusion WebUI takes one picture a request.')
  const picture = filled(pictures[0]?.bytes) ?? written(fields.image, 'image')
  if (picture === undefined)
    throw invalid('image', 'is missing: upload the picture as the form field image.')
  return picture
}

/** The mask, where there is one, turned to WebUI's sense. */
export function maskOf(request: ModelRequest, fields: JsonObject): JsonObject {
  const mask =
    filled(request.files.find(({ field }) => field === 'mask')?.bytes) ??
    written(fields.mask, 'mask')
  if (mask === undefined) return {}
  // OpenAI paints where the mask is transparent, WebUI where it is opaque or white.
  return { mask, inpainting_mask_invert: hasAlpha(mask) ? 1 : 0 }
}

/** The picture's own size, as near as WebUI can draw it; nothing where the file does not say. */
export function sizeOfPicture(base64: string): JsonObject {
  const header = pngHeader(base64)
  if (header === undefined) return {}
  return {
    width: nearestSide(header.readUInt32BE(16)),
    height: nearestSide(header.readUInt32BE(20)),
  }
}

function filled(bytes: Uint8Array | undefined): string | undefined {
  if (bytes === undefined || bytes.length === 0) return undefined
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
}

function written(value: unknown, param: string): string | undefined {
  if (!isGiven(value)) return undefined
  const text = textOf(value)
  if (text === undefined || text === '')
    throw invalid(param, 'must be an uploaded file or a data: URL.')
  return base64Of(text, param)
}

const pngStart = Buffer.of(0x89, 0x50, 0x4e, 0x47)

function pngHeader(base64: string): Buffer | undefined {
  const header = Buffer.from(base64.slice(0, 44), 'base64')
  return header.length >= 26 && header.subarray(0, 4).equals(pngStart) ? header : undefined
}

/** Colour types 4 and 6 carry transparency. */
function hasAlpha(base64: string): boolean {
  const colourType = pngHeader(base64)?.[25] ?? 0
  return (colourType & 4) !== 0
}
