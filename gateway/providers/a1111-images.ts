import { checkpointOf, pictureSettings, promptOf } from './a1111-fields.ts'
import { maskOf, pictureOf, sizeOfPicture } from './a1111-files.ts'
import { nonsense } from './dialect-limits.ts'
import type { ModelRequest, Translated } from './provider.ts'
import { isObject } from '../../modules/json-object.ts'
import { givenFields, countOf, isList, numberFrom, textOf } from './read-json.ts'

/** OpenAI's images/generations over `/sdapi/v1/txt2img`. */
export const fromText: Translated = {
  kind: 'translated',
  toUpstream(request, target) {
    const fields = givenFields(request.fields)
    const body = {
      ...pictureSettings(fields, target),
      ...checkpointOf(fields, target.model),
      prompt: promptOf(fields, true),
    }
    return { method: 'POST', path: '/sdapi/v1/txt2img', body }
  },
  toAnswer,
}

export interface PictureRules {
  readonly isPromptNeeded: boolean
  /** How far the result may leave the picture, 0 to 1; absent: the server's own. */
  readonly denoisingStrength?: number
}

/** OpenAI's images/edits and images/variations over `/sdapi/v1/img2img`. */
export function fromPicture({ isPromptNeeded, denoisingStrength }: PictureRules): Translated {
  return {
    kind: 'translated',
    toUpstream(request, target) {
      const fields = givenFields(request.fields)
      const picture = pictureOf(request, fields)
      const body = {
        ...(denoisingStrength !== undefined && { denoising_strength: denoisingStrength }),
        ...sizeOfPicture(picture),
        ...maskOf(request, fields),
        ...pictureSettings(fields, target),
        ...checkpointOf(fields, target.model),
        prompt: promptOf(fields, isPromptNeeded),
        init_images: [picture],
      }
      return { method: 'POST', path: '/sdapi/v1/img2img', body }
    },
    toAnswer,
  }
}

/** Always `b64_json`; whoever asked for a url gets one from the pipeline. */
function toAnswer(answer: unknown, request: ModelRequest): Record<string, unknown> {
  const images = isObject(answer) && isList(answer.images) ? answer.images : []
  const first = isObject(answer) ? firstImageOf(answer.info) : 0
  const asked = numberFrom(request.fields.n)
  const wanted = images.slice(first, Number.isNaN(asked) ? undefined : first + asked)
  if (wanted.length === 0) throw nonsense('a list of pictures was expected', request.model)
  return {
    created: request.createdSeconds,
    data: wanted.map((image) => ({ b64_json: pictureIn(image, request) })),
  }
}

/** A server that makes contact sheets puts them before the pictures and says how many. */
function firstImageOf(info: unknown): number {
  try {
    const said: unknown = JSON.parse(textOf(info) ?? 'null')
    return isObject(said) ? (countOf(said.index_of_first_image) ?? 0) : 0
  } catch {
    return 0
  }
}

function pictureIn(image: unknown, request: ModelRequest): string {
  const text = (textOf(image) ?? '').replace(/^data:[^,]{0,100},/, '')
  // The start tells a picture from an error text; the whole may be megabytes.
  if (!/^[A-Za-z0-9+/]{8}[A-Za-z0-9+/=]*$/.test(text.slice(0, 256))) {
    throw nonsense('a picture in base64 was expected', request.model)
  }
  return text
}
