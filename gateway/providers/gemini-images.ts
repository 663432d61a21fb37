import { GatewayError } from '../errors/gateway-error.ts'
import { isObject } from '../../modules/json-object.ts'
import {
  invalid,
  nonsense,
  refuseUnsayable,
  unsupported,
  type Unsayable,
} from './dialect-limits.ts'
import { candidatesIn, finishReasonOf, readParts } from './gemini-answers.ts'
import { bytesPart } from './gemini-media.ts'
import { isImagen, type PathOf } from './gemini-models.ts'
import { ratioOf } from './gemini-picture-size.ts'
import { pictureUsage, tokensIn } from './gemini-usage.ts'
import { readGoogle } from './google-errors.ts'
import type { ModelRequest, Target, Translated, UpstreamCall } from './provider.ts'
import { givenFields, isGiven, isList, numberFrom, textOf, type JsonObject } from './read-json.ts'

const isYes = (value: unknown): boolean => value !== false && value !== 'false'

const unsayable: readonly Unsayable[] = [
  { field: 'stream', isAsked: isYes, reason: 'its pictures come whole.' },
  {
    field: 'background',
    isAsked: (value) => value === 'transparent',
    reason: 'it has no transparency.',
  },
]

/** OpenAI's images/generations over Imagen's `predict`, or over `generateContent` of a Gemini model that draws. */
export function createGeminiImages(pathOf: PathOf): Translated {
  return {
    kind: 'translated',
    toUpstream(request, target) {
      const fields = givenFields(request.fields)
      refuseUnsayable(fields, unsayable, target)
      const count = countOf(fields)
      if (!isImagen(target.model)) return drawn(fields, [], { target, count, pathOf })
      return {
        method: 'POST',
        path: pathOf(target, 'predict'),
        body: {
          instances: [{ prompt: promptOf(fields) }],
          parameters: imagenParameters(fields, count, target.model),
        },
      }
    },
    toAnswer,
  }
}

/** OpenAI's images/edits over `generateContent` of a Gemini model that draws. */
export function createGeminiEdits(pathOf: PathOf): Translated {
  return {
    kind: 'translated',
    toUpstream(request, target) {
      const fields = givenFields(request.fields)
      refuseUnsayable(fields, unsayable, target)
      if (isImagen(target.model))
        throw unsupported('model', 'Imagen only draws anew; name a Gemini model that draws.')
      const masks = request.files.filter(({ field }) => field === 'mask')
      if (masks.length > 0 && target.params.dropParams !== true)
        throw unsupported('mask', 'it edits by words alone.')
      const pictures = request.files
        .filter(({ field }) => field === 'image' || field === 'image[]')
        .map(({ contentType, bytes }) =>
          bytesPart(typeOf(contentType), Buffer.from(bytes).toString('base64')),
        )
      if (pictures.length === 0) throw invalid('image', 'is missing: upload a picture as image.')
      return drawn(fields, pictures, { target, count: countOf(fields), pathOf })
    },
    toAnswer,
  }
}

interface Drawing {
  readonly target: Target
  readonly count: number
  readonly pathOf: PathOf
}

function drawn(
  fields: JsonObject,
  pictures: readonly JsonObject[],
  { target, count, pathOf }: Drawing,
): UpstreamCall {
  if (count > 1 && target.params.dropParams !== true)
    throw unsupported('n', 'Gemini draws one picture a request.')
  const aspectRatio = ratioOf(fields, target.model)
  const imageSize = textOf(fields.imageSize) ?? textOf(fields.image_size)
  const imageConfig = givenFields({ aspectRatio, imageSize })
  return {
    method: 'POST',
    path: pathOf(target, 'generateContent'),
    body: {
      contents: [{ role: 'user', parts: [...pictures, { text: promptOf(fields) }] }],
      generationConfig: {
        responseModalities: ['TEXT', 'IMAGE'],
        ...(Object.keys(imageConfig).length > 0 && { imageConfig }),
      },
      ...givenFields({ safetySettings: fields.safetySettings ?? fields.safety_settings }),
    },
  }
}

const types: Readonly<Record<string, string>> = {
  png: 'image/png',
  jpeg: 'image/jpeg',
  jpg: 'image/jpeg',
}

/** Imagen's own parameters, which a caller may say beside OpenAI's. */
const ownWords = [
  'negativePrompt',
  'personGeneration',
  'safetySetting',
  'addWatermark',
  'enhancePrompt',
  'guidanceScale',
  'language',
  'sampleImageSize',
  'seed',
  'includeRaiReason',
]

function imagenParameters(fields: JsonObject, count: number, model: string): JsonObject {
  const format = textOf(fields.output_format)
  const mimeType = format !== undefined && Object.hasOwn(types, format) ? types[format] : undefined
  if (format !== undefined && mimeType === undefined)
    throw unsupported('output_format', 'Imagen gives png or jpeg.')
  return {
    sampleCount: count,
    ...givenFields({ aspectRatio: ratioOf(fields, model) }),
    ...(mimeType !== undefined && { outputOptions: { mimeType } }),
    ...Object.fromEntries(ownWords.flatMap((k) => (isGiven(fields[k]) ? [[k, fields[k]]] : []))),
  }
}

const mostPictures = 10

function countOf({ n }: JsonObject): number {
  const count = isGiven(n) ? numberFrom(n) : 1
  if (!Number.isInteger(count) || count < 1 || count > mostPictures)
    throw invalid('n', `must be a whole number from 1 to ${mostPictures}.`)
  return count
}

function promptOf(fields: JsonObject): string {
  const prompt = textOf(fields.prompt) ?? ''
  if (prompt.trim() === '') throw invalid('prompt', 'must be a text that says what to draw.')
  return prompt
}

function typeOf(contentType: string): string {
  const [type = ''] = contentType.split(';')
  return /^image\/[\w.+-]+$/.test(type) ? type : 'image/png'
}

/** Always `b64_json`; whoever asked for a url gets one from the pipeline. */
function toAnswer(answer: unknown, request: ModelRequest): Record<string, unknown> {
  const said = readGoogle(answer, request)
  const pictures = isList(said.predictions) ? predicted(said.predictions) : generated(said, request)
  if (pictures.length === 0) throw refusalIn(said, request)
  const tokens = tokensIn(said)
  return {
    created: request.createdSeconds,
    data: pictures,
    ...(tokens && { usage: pictureUsage(tokens) }),
  }
}

function predicted(predictions: readonly unknown[]): readonly JsonObject[] {
  return predictions.flatMap((one) => {
    const data = isObject(one) ? textOf(one.bytesBase64Encoded) : undefined
    if (!isObject(one) || data === undefined || data === '') return []
    const revised = textOf(one.prompt)
    return [{ b64_json: data, ...(revised !== undefined && { revised_prompt: revised }) }]
  })
}

function generated(said: JsonObject, request: ModelRequest): readonly JsonObject[] {
  return candidatesIn(said, request).flatMap((candidate) =>
    readParts(candidate, { request, choice: 0, first: 0 }).images.flatMap(
      ({ image_url: image }) => {
        const url = isObject(image) ? (textOf(image.url) ?? '') : ''
        return [{ b64_json: url.slice(url.indexOf(',') + 1) }]
      },
    ),
  )
}

/** Why nothing was drawn: Google's rules forbid it, or the answer is none. */
function refusalIn(said: JsonObject, request: ModelRequest): GatewayError {
  const { predictions, promptFeedback } = said
  const filtered = (isList(predictions) ? predictions : []).find(
    (one) => isObject(one) && isGiven(one.raiFilteredReason),
  )
  const isStopped = candidatesIn(said, request).some(
    ({ finishReason }) => finishReasonOf(finishReason, false) === 'content_filter',
  )
  const isBlocked = isObject(promptFeedback) && isGiven(promptFeedback.blockReason)
  // Imagen answers `{}` where its rules forbid every picture.
  const isEmpty = Object.keys(said).length === 0
  if (filtered === undefined && !isStopped && !isBlocked && !isEmpty)
    return nonsense('a picture was expected', request.model)
  return new GatewayError(
    'content_policy_violation',
    `The server behind model '${request.model}' drew nothing: the prompt or the picture goes against its rules. Change the prompt.`,
  )
}
