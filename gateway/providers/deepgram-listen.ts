import { isObject } from '../../modules/json-object.ts'
import { nonsense, type Unsayable } from './dialect-limits.ts'
import { segmentsOf, type SpacedWord } from './heard-segments.ts'
import type { ModelRequest, Target, Translated, UpstreamCall } from './provider.ts'
import { queryPath } from './query-path.ts'
import { isGiven, isList, numberFrom, textOf, type JsonObject } from './read-json.ts'
import { formatOf, languageIn, readTranscription, transcriptFields } from './transcript-fields.ts'
import {
  secondsOf,
  transcriptOf,
  transcriptText,
  type Heard,
  type HeardSegment,
} from './transcripts.ts'

/** OpenAI's transcriptions over `/v1/listen`: the file is the body, all else stands in the query. */
export const listen: Translated = {
  kind: 'translated',
  sendsFiles: true,
  toUpstream,
  toAnswer: (answer, request) => transcriptOf(heardIn(answer, request), request),
  toText: transcriptText,
}

const unsayable: readonly Unsayable[] = [
  {
    field: 'prompt',
    isAsked: (value) => value !== '',
    reason: 'Deepgram has keyterm (from nova-3 on) and keywords for single words.',
  },
  {
    field: 'temperature',
    isAsked: (value) => numberFrom(value) !== 0,
    reason: 'Deepgram has none.',
  },
  ...['callback', 'callback_method'].map((field) => ({
    field,
    isAsked: () => true,
    reason: 'the answer would go to somebody else.',
  })),
]
const unsent: ReadonlySet<string> = new Set(['callback', 'callback_method'])

function toUpstream(request: ModelRequest, target: Target): UpstreamCall {
  const fields = readTranscription(request, target, unsayable)
  const others = Object.entries(fields).filter(
    ([name]) => !transcriptFields.has(name) && !unsent.has(name),
  )
  const path = queryPath('/v1/listen', {
    // Without it there are neither sentences nor capitals.
    smart_format: true,
    ...(formatOf(fields) !== 'json' && formatOf(fields) !== 'text' && { utterances: true }),
    ...Object.fromEntries(others),
    language: languageIn(fields),
    model: target.model,
  })
  const contentType =
    request.files.find(({ field }) => field === 'file')?.contentType ?? 'application/octet-stream'
  return { method: 'POST', path, sent: { kind: 'file', file: 'file', contentType } }
}

function heardIn(answer: unknown, request: ModelRequest): Heard {
  const results = isObject(answer) ? answer.results : undefined
  const channels = isObject(results) && isList(results.channels) ? results.channels : undefined
  if (!isObject(answer) || !isObject(results) || !channels)
    throw nonsense("'results.channels' were expected", request.model)
  const heard = channels.map((channel) => bestOf(channel, request))
  const words = heard.flatMap(({ words: said }) => wordsOf(said, request))
  const metadata = isObject(answer.metadata) ? answer.metadata : {}
  const first = channels[0]
  return {
    text: heard
      .map(({ transcript }) => textOf(transcript) ?? '')
      .join('\n')
      .trim(),
    language:
      (isObject(first) ? textOf(first.detected_language) : undefined) ??
      languageIn(request.fields) ??
      'en',
    seconds: isGiven(metadata.duration) ? secondsOf(metadata.duration, request) : undefined,
    words,
    segments: isList(results.utterances)
      ? results.utterances.map((utterance) => toSegment(utterance, request))
      : segmentsOf(words),
  }
}

function bestOf(channel: unknown, { model }: ModelRequest): JsonObject {
  const alternatives = isObject(channel) ? channel.alternatives : undefined
  const best = isList(alternatives) ? alternatives[0] : undefined
  if (!isObject(best) || typeof best.transcript !== 'string')
    throw nonsense('a channel has no transcript', model)
  return best
}

function wordsOf(words: unknown, request: ModelRequest): readonly SpacedWord[] {
  return (isList(words) ? words : []).map((said) => {
    const word = isObject(said) ? (textOf(said.punctuated_word) ?? textOf(said.word)) : undefined
    if (!isObject(said) || word === undefined) throw nonsense('a word has no text', request.model)
    return {
      word,
      before: ' ',
      start: secondsOf(said.start, request),
      end: secondsOf(said.end, request),
      speaker: isGiven(said.speaker) ? JSON.stringify(said.speaker) : undefined,
    }
  })
}

function toSegment(utterance: unknown, request: ModelRequest): HeardSegment {
  const text = isObject(utterance) ? textOf(utterance.transcript) : undefined
  if (!isObject(utterance) || text === undefined)
    throw nonsense('an utterance has no transcript', request.model)
  const { confidence, speaker } = utterance
  const isSure = typeof confidence === 'number' && confidence > 0 && confidence <= 1
  return {
    text,
    start: secondsOf(utterance.start, request),
    end: secondsOf(utterance.end, request),
    more: {
      ...(isSure && { avg_logprob: Math.log(confidence) }),
      ...(isGiven(speaker) && { speaker }),
    },
  }
}
