import { invalid, refuseUnsayable, unsupported, type Unsayable } from './dialect-limits.ts'
import type { ModelRequest, Target } from './provider.ts'
import { givenFields, isGiven, isList, numberFrom, textOf, type JsonObject } from './read-json.ts'

/** Fields of a transcription that each dialect says in words of its own, or needs none for. */
export const transcriptFields: ReadonlySet<string> = new Set([
  'model',
  'file',
  'language',
  'prompt',
  'response_format',
  'temperature',
  'timestamp_granularities',
  'stream',
  'include',
  'chunking_strategy',
  'known_speaker_names',
  'known_speaker_references',
  'user',
])

export type TranscriptFormat = (typeof formats)[number]
export type Granularity = 'word' | 'segment'

const formats = ['json', 'verbose_json', 'text', 'srt', 'vtt'] as const

const unsayable: readonly Unsayable[] = [
  { field: 'include', isAsked: (value) => !isEmpty(value), reason: 'its server tells no more.' },
  {
    field: 'chunking_strategy',
    isAsked: (value) => value !== 'auto',
    reason: 'its server cuts sound up by itself.',
  },
  ...['known_speaker_names', 'known_speaker_references'].map((field) => ({
    field,
    isAsked: (value: unknown) => !isEmpty(value),
    reason: 'its server is told of no speakers.',
  })),
]

/** The fields of a transcription, once all of them can be said; `more` is what this dialect cannot. */
export function readTranscription(
  request: ModelRequest,
  target: Target,
  more: readonly Unsayable[] = [],
): JsonObject {
  const fields = givenFields(request.fields)
  refuseUnsayable(fields, [...unsayable, ...more], target)
  formatOf(fields, target)
  granularitiesOf(fields)
  return fields
}

/** How the transcript is to be told. `target` where it is refused if it cannot be. */
export function formatOf(
  { response_format: asked }: JsonObject,
  target?: Target,
): TranscriptFormat {
  if (!isGiven(asked)) return 'json'
  const format = formats.find((one) => one === asked)
  if (format || !target || target.params.dropParams === true) return format ?? 'json'
  throw unsupported('response_format', `it is told as ${formats.join(', ')}.`)
}

/** What the times of a verbose transcript are told of. */
export function granularitiesOf(fields: JsonObject): readonly Granularity[] {
  const { timestamp_granularities: asked } = fields
  if (!isGiven(asked)) return ['segment']
  const named = isList(asked) ? asked : [asked]
  const known = (['segment', 'word'] as const).filter((one) => named.includes(one))
  if (known.length === 0 || !named.every((one) => one === 'segment' || one === 'word'))
    throw invalid('timestamp_granularities', 'must be a list of word, segment, or both.')
  if (formatOf(fields) !== 'verbose_json')
    throw invalid('timestamp_granularities', 'needs response_format verbose_json.')
  return known
}

/** The temperature that is asked for; nothing where that is left to the server. */
export function temperatureIn({ temperature }: JsonObject): number | undefined {
  if (!isGiven(temperature)) return undefined
  const asked = numberFrom(temperature)
  if (asked >= 0 && asked <= 2) return asked
  throw invalid('temperature', 'must be a number from 0 to 2.')
}

/** The language that is asked for, by its code or name. */
export function languageIn({ language }: JsonObject): string | undefined {
  const name = textOf(language)?.trim()
  if (isGiven(language) && name === undefined)
    throw invalid('language', 'must be a code such as en.')
  return name === '' ? undefined : name
}

function isEmpty(value: unknown): boolean {
  return value === '' || (isList(value) && value.length === 0)
}
