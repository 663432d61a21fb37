import {
  invalid,
  nonsense,
  refuseUnsayable,
  unsupported,
  type Unsayable,
} from './dialect-limits.ts'
import type { ModelRequest, Target } from './provider.ts'
import { givenFields, isGiven, numberFrom, textOf, type JsonObject } from './read-json.ts'

/** Fields of a request for speech that each dialect says in words of its own, or needs none for. */
export const speechFields: ReadonlySet<string> = new Set([
  'model',
  'input',
  'voice',
  'voice_id',
  'response_format',
  'speed',
  'stream',
  'stream_format',
  'instructions',
  'user',
])

const unsayable: readonly Unsayable[] = [
  {
    field: 'instructions',
    isAsked: (value) => value !== '',
    reason: 'its server reads only the text.',
  },
  {
    field: 'stream_format',
    isAsked: (value) => value !== 'audio',
    reason: 'its server streams sound alone.',
  },
]

/** The fields of a request for speech, once all of them can be said. */
export function readSpeech(request: ModelRequest, target: Target): JsonObject {
  const fields = givenFields(request.fields)
  refuseUnsayable(fields, unsayable, target)
  return fields
}

/** The text to be spoken. */
export function spokenText({ input }: JsonObject): string {
  const text = textOf(input)
  if (text === undefined || text.trim() === '') throw invalid('input', 'must be the text to speak.')
  return text
}

export interface SpeedLimits {
  readonly slowest: number
  readonly fastest: number
}

/** How fast is asked for, 1 being the usual; nothing where that is left to the server. */
export function speedIn(
  { speed }: JsonObject,
  { slowest, fastest }: SpeedLimits,
  target: Target,
): number | undefined {
  if (!isGiven(speed)) return undefined
  const asked = numberFrom(speed)
  if (!(asked > 0 && asked < Infinity)) throw invalid('speed', 'must be a number such as 1.25.')
  if (asked >= slowest && asked <= fastest) return asked
  if (target.params.dropParams === true) return undefined
  throw unsupported('speed', `its server speaks at ${slowest} to ${fastest} of the usual speed.`)
}

/** A vendor's own way to say a format of OpenAI's; `first` where none is asked for. */
export function formatIn<T>(
  { response_format: format }: JsonObject,
  formats: Readonly<Record<string, T>>,
  target: Target,
): T | undefined {
  if (!isGiven(format)) return undefined
  const name = textOf(format) ?? ''
  if (Object.hasOwn(formats, name)) return formats[name]
  if (target.params.dropParams === true) return undefined
  throw unsupported('response_format', `its server makes ${listOf(Object.keys(formats))}.`)
}

/** Sound under its own name, or as what was asked for where its server tells nothing of use. */
export function soundType(expected: string, told: string | undefined, model: string): string {
  const type = (told ?? '').toLowerCase()
  if (/^application\/(problem\+)?json/.test(type)) throw nonsense('sound was expected', model)
  return /^(audio|video)\//.test(type) ? (told ?? expected) : expected
}

const types: Readonly<Record<string, string>> = {
  mp3: 'audio/mpeg',
  opus: 'audio/ogg',
  aac: 'audio/aac',
  flac: 'audio/flac',
  wav: 'audio/wav',
  pcm: 'audio/pcm',
}

/** The content type of the sound that is asked for, one of the `formats` a server makes; else that of mp3. */
export function typeOfFormat(
  { response_format: format }: JsonObject,
  formats: Readonly<Record<string, unknown>>,
): string {
  const isMade = typeof format === 'string' && Object.hasOwn(formats, format)
  return (isMade ? types[format] : undefined) ?? 'audio/mpeg'
}

/** Nothing reads speech as JSON. */
export function notJson(_: unknown, { model }: ModelRequest): never {
  throw nonsense('sound was expected', model)
}

function listOf(names: readonly string[]): string {
  return names.length < 2
    ? `only ${names.join('')}`
    : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`
}
