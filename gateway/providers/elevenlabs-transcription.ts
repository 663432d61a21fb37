import { isObject } from '../../modules/json-object.ts'
import { nonsense, type Unsayable } from './dialect-limits.ts'
import { segmentsOf, type SpacedWord } from './heard-segments.ts'
import type { ModelRequest, SentPart, Target, Translated, UpstreamCall } from './provider.ts'
import { queryPath } from './query-path.ts'
import { isGiven, isList, textOf, type JsonObject } from './read-json.ts'
import {
  languageIn,
  readTranscription,
  temperatureIn,
  transcriptFields,
} from './transcript-fields.ts'
import { secondsOf, transcriptOf, transcriptText, type Heard } from './transcripts.ts'

/** OpenAI's transcriptions over `/v1/speech-to-text`. */
export const elevenLabsTranscription: Translated = {
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
    reason: 'ElevenLabs has keyterms for single words.',
  },
  ...['webhook', 'use_multi_channel'].map((field) => ({
    field,
    isAsked: (value: unknown) => value !== 'false' && value !== false,
    reason: 'the answer would not be one transcript.',
  })),
]
const unsent: ReadonlySet<string> = new Set(['webhook', 'use_multi_channel', 'enable_logging'])

function toUpstream(request: ModelRequest, target: Target): UpstreamCall {
  const fields = readTranscription(request, target, unsayable)
  const others = Object.entries(fields).filter(
    ([name]) => !transcriptFields.has(name) && !unsent.has(name),
  )
  const said: JsonObject = {
    ...Object.fromEntries(others),
    language_code: languageIn(fields) ?? fields.language_code,
    temperature: temperatureIn(fields),
    model_id: target.model,
  }
  const parts = Object.entries(said)
    .filter(([, value]) => isGiven(value))
    .flatMap(([name, value]): readonly SentPart[] =>
      // A list is a name said again there.
      isList(value) ? value.map((one) => ({ name, value: one })) : [{ name, value }],
    )
  return {
    method: 'POST',
    path: queryPath('/v1/speech-to-text', { enable_logging: fields.enable_logging }),
    sent: { kind: 'form', parts: [...parts, { name: 'file', file: 'file' }] },
  }
}

function heardIn(answer: unknown, request: ModelRequest): Heard {
  if (!isObject(answer) || typeof answer.text !== 'string')
    throw nonsense("a text was expected as 'text'", request.model)
  const { text, language_code: language, audio_duration_secs: seconds } = answer
  const words = wordsIn(answer.words, request)
  return {
    text: text.trim(),
    language: textOf(language),
    seconds: isGiven(seconds) ? secondsOf(seconds, request) : undefined,
    words: words.filter(({ isEvent }) => !isEvent),
    segments: segmentsOf(words),
  }
}

interface ToldWord extends SpacedWord {
  /** Not said but heard: laughter, applause. */
  readonly isEvent: boolean
}

/** Words, with the spaces between them that it tells as items of their own. */
function wordsIn(items: unknown, request: ModelRequest): readonly ToldWord[] {
  const words: ToldWord[] = []
  let before = ''
  for (const item of isList(items) ? items : []) {
    const word = isObject(item) ? textOf(item.text) : undefined
    if (!isObject(item) || word === undefined) throw nonsense('a word has no text', request.model)
    if (item.type === 'spacing') {
      before += word
      continue
    }
    const start = secondsOf(item.start ?? words.at(-1)?.end ?? 0, request)
    words.push({
      word,
      before,
      start,
      end: secondsOf(item.end ?? start, request),
      speaker: textOf(item.speaker_id),
      isEvent: item.type === 'audio_event',
    })
    before = ''
  }
  return words
}
