import { isObject } from '../../modules/json-object.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import { readBedrock } from './bedrock-answers.ts'
import { familyOf, pathOf } from './bedrock-models.ts'
import {
  invalid,
  nonsense,
  refuseUnsayable,
  unsupported,
  type Unsayable,
} from './dialect-limits.ts'
import type { ModelRequest, Target, Translated, UpstreamCall } from './provider.ts'
import { givenFields, isGiven, isList, numberFrom, textOf, type JsonObject } from './read-json.ts'

/** OpenAI's images/generations over InvokeModel: Amazon's models and Stability AI's. */
export const bedrockImages: Translated = { kind: 'translated', toUpstream, toAnswer }

const isYes = (value: unknown): boolean => value !== false && value !== 'false'

const unsayable: readonly Unsayable[] = [
  { field: 'stream', isAsked: isYes, reason: 'its pictures come whole.' },
  {
    field: 'background',
    isAsked: (value) => value === 'transparent',
    reason: 'it has no transparency.',
  },
]

function toUpstream(request: ModelRequest, target: Target): UpstreamCall {
  const fields = givenFields(request.fields)
  refuseUnsayable(fields, unsayable, target)
  return {
    method: 'POST',
    path: pathOf(target, 'invoke'),
    headers: { accept: 'application/json' },
    body: bodyFor(fields, target),
  }
}

function bodyFor(fields: JsonObject, target: Target): JsonObject {
  const family = familyOf(target)
  if (/titan-image|nova-canvas/i.test(family)) return amazons(fields)
  if (/stability\./i.test(family)) return stabilitys(fields, target)
  throw unsupported(
    'model',
    'pictures are drawn by models of Amazon Titan, Nova Canvas and Stability AI.',
  )
}

/** Amazon's words, of which those of the caller's own go before. */
function amazons(fields: JsonObject): JsonObject {
  const { textToImageParams, imageGenerationConfig, taskType, ...others } = fields
  const text = promptOf(fields)
  const negative = textOf(fields.negative_prompt) ?? textOf(fields.negativeText)
  return {
    taskType: taskType ?? 'TEXT_IMAGE',
    textToImageParams: {
      text,
      ...(negative !== undefined && { negativeText: negative }),
      ...(isObject(textToImageParams) && textToImageParams),
    },
    imageGenerationConfig: {
      numberOfImages: countOf(fields),
      ...sizeOf(fields),
      ...qualityOf(fields),
      ...givenFields({ seed: others.seed, cfgScale: others.cfgScale ?? others.cfg_scale }),
      ...(isObject(imageGenerationConfig) && imageGenerationConfig),
    },
  }
}

const finest = new Set<unknown>(['hd', 'high', 'premium'])

function qualityOf({ quality }: JsonObject): JsonObject {
  if (!isGiven(quality) || quality === 'auto') return {}
  return { quality: finest.has(quality) ? 'premium' : 'standard' }
}

const stabilityWords = [
  'negative_prompt',
  'seed',
  'aspect_ratio',
  'output_format',
  'style_preset',
  'mode',
]
const ratios = ['1:1', '16:9', '21:9', '2:3', '3:2', '4:5', '5:4', '9:16', '9:21']

function stabilitys(fields: JsonObject, target: Target): JsonObject {
  if (countOf(fields) > 1 && target.params.dropParams !== true)
    throw unsupported('n', 'it draws one picture a request.')
  const ratio = ratioOf(fields)
  return {
    prompt: promptOf(fields),
    ...(ratio !== undefined && { aspect_ratio: ratio }),
    ...Object.fromEntries(
      stabilityWords.flatMap((word) => (isGiven(fields[word]) ? [[word, fields[word]]] : [])),
    ),
  }
}

/** The nearest ratio: it draws by ratio, not by pixels. */
function ratioOf(fields: JsonObject): string | undefined {
  const { width, height } = sizeOf(fields)
  if (width === undefined || height === undefined) return undefined
  const away = (ratio: string): number => {
    const [wide = 1, high = 1] = ratio.split(':').map(Number)
    return Math.abs(Math.log(width / height / (wide / high)))
  }
  return ratios.reduce((best, ratio) => (away(ratio) < away(best) ? ratio : best))
}

function sizeOf({ size }: JsonObject): { readonly width?: number; readonly height?: number } {
  if (!isGiven(size) || size === 'auto') return {}
  const [, width, height] = /^([1-9]\d{1,4})x([1-9]\d{1,4})$/.exec(textOf(size) ?? '') ?? []
  if (width === undefined || height === undefined)
    throw invalid('size', 'must be auto, or width and height such as 1024x1024.')
  return { width: Number(width), height: Number(height) }
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

/** Always `b64_json`; whoever asked for a url gets one from the pipeline. */
function toAnswer(answer: unknown, request: ModelRequest): Record<string, unknown> {
  const said = readBedrock(answer, request)
  const pictures = isList(said.images) ? said.images : []
  const data = pictures.flatMap((picture) =>
    typeof picture === 'string' && picture !== '' ? [{ b64_json: picture }] : [],
  )
  if (data.length === 0) throw refusalIn(said, request)
  return { created: request.createdSeconds, data }
}

/** Why nothing was drawn: rules forbid it, or the answer is none. */
function refusalIn(
  { error, finish_reasons: reasons }: JsonObject,
  { model }: ModelRequest,
): GatewayError {
  const isFiltered = isList(reasons) && reasons.some((reason) => isGiven(reason))
  if (!isFiltered && !isGiven(error)) return nonsense('a picture was expected', model)
  return new GatewayError(
    'content_policy_violation',
    `The server behind model '${model}' drew nothing: the prompt or the picture goes against its rules. Change the prompt.`,
  )
}
