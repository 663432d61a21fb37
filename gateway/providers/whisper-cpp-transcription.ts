import { GatewayError } from '../errors/gateway-error.ts'
import { isObject } from '../../modules/json-object.ts'
import { nonsense } from './dialect-limits.ts'
import type { ModelRequest, SentPart, Target, Translated, UpstreamCall } from './provider.ts'
import { isGiven, isList, textOf, type JsonObject } from './read-json.ts'
import {
  languageIn,
  readTranscription,
  temperatureIn,
  transcriptFields,
} from './transcript-fields.ts'
import {
  secondsOf,
  transcriptOf,
  transcriptText,
  type Heard,
  type HeardSegment,
} from './transcripts.ts'
import { withoutSecrets } from './without-secrets.ts'
import { wordsOf } from './whisper-cpp-words.ts'

/** OpenAI's transcriptions and translations over `/inference`; every form is made of its verbose JSON. */
export const whisperCppTranscription: Translated = {
  kind: 'translated',
  sendsFiles: true,
  toUpstream,
  toAnswer: (answer, request) => transcriptOf(heardIn(answer, request), request),
  toText: transcriptText,
}

const ownFields: ReadonlySet<string> = new Set(['translate', 'no_timestamps', 'token_timestamps'])

function toUpstream(request: ModelRequest, target: Target): UpstreamCall {
  const fields = readTranscription(request, target)
  const others = Object.entries(fields).filter(
    ([name]) => !transcriptFields.has(name) && !ownFields.has(name),
  )
  const said: JsonObject = {
    // Segments end where words do, and it need not weigh every language once more.
    split_on_word: true,
    no_language_probabilities: true,
    ...Object.fromEntries(others),
    // Its own choice would be English, whatever is spoken.
    language: languageIn(fields) ?? 'auto',
    prompt: fields.prompt,
    temperature: temperatureIn(fields),
    translate: request.endpoint === 'audio-translations' ? true : undefined,
    response_format: 'verbose_json',
  }
  const parts = Object.entries(said)
    .filter(([, value]) => isGiven(value))
    .map(([name, value]): SentPart => ({ name, value }))
  return {
    method: 'POST',
    path: '/inference',
    sent: { kind: 'form', parts: [...parts, { name: 'file', file: 'file' }] },
  }
}

function heardIn(answer: unknown, request: ModelRequest): Heard {
  if (!isObject(answer)) throw nonsense('an object was expected', request.model)
  const error = textOf(answer.error)
  if (error !== undefined) throw refused(error, request)
  const { text, language, duration } = answer
  if (typeof text !== 'string') throw nonsense("a text was expected as 'text'", request.model)
  const segments = isList(answer.segments) ? answer.segments.filter(isObject) : []
  const told = segments.map((segment) => toSegment(segment, request))
  const languageName = textOf(language)
  return {
    // As it writes it there is a line for each segment.
    text: (told.length > 0 ? told.map((segment) => segment.text).join('') : text).trim(),
    language: languageName,
    seconds: isGiven(duration) ? secondsOf(duration, request) : undefined,
    words: segments.flatMap((segment) => wordsOf(segment.words, languageName, request)),
    segments: told,
  }
}

// Older ones refuse with a status of 200.
function refused(error: string, { model }: ModelRequest): GatewayError {
  return new GatewayError(
    'upstream_rejected',
    `The server behind model '${model}' rejected the request: ${withoutSecrets(error)}. It reads WAV, and other sound where it was started with --convert.`,
  )
}

const toldAsWell = ['tokens', 'temperature', 'avg_logprob', 'no_speech_prob']

function toSegment(segment: JsonObject, request: ModelRequest): HeardSegment {
  const text = textOf(segment.text)
  if (text === undefined) throw nonsense('a segment has no text', request.model)
  const more = toldAsWell.filter((name) => isGiven(segment[name]))
  return {
    text,
    start: secondsOf(segment.start ?? 0, request),
    end: secondsOf(segment.end ?? 0, request),
    more: Object.fromEntries(more.map((name) => [name, segment[name]])),
  }
}
