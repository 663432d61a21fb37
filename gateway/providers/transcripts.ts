import { nonsense } from './dialect-limits.ts'
import type { ModelRequest, TextAnswer } from './provider.ts'
import { isObject } from '../../modules/json-object.ts'
import { isGiven, isList, textOf, type JsonObject } from './read-json.ts'
import { formatOf, granularitiesOf } from './transcript-fields.ts'

/** What a server has heard, whatever its words for it. */
export interface Heard {
  readonly text: string
  /** A name or a code. */
  readonly language?: string | undefined
  readonly seconds?: number | undefined
  readonly words: readonly HeardWord[]
  readonly segments: readonly HeardSegment[]
}

/** Times in seconds. */
export interface HeardWord {
  readonly word: string
  readonly start: number
  readonly end: number
}

export interface HeardSegment {
  readonly text: string
  readonly start: number
  readonly end: number
  /** What else OpenAI tells of a segment, where it is known. */
  readonly more?: JsonObject
}

/** OpenAI's transcript: the short one, or all that the other forms are made of. */
export function transcriptOf(heard: Heard, request: ModelRequest): Record<string, unknown> {
  const { text, language, seconds, words } = heard
  const usage = seconds !== undefined && { usage: { type: 'duration', seconds } }
  if (formatOf(request.fields) === 'json') return { text, ...usage }
  const granularities = granularitiesOf(request.fields)
  return {
    task: request.endpoint === 'audio-translations' ? 'translate' : 'transcribe',
    language: nameOf(language),
    duration: seconds ?? Math.max(0, ...heard.segments.map(({ end }) => end)),
    text,
    ...(granularities.includes('segment') && { segments: heard.segments.map(toSegment) }),
    ...(granularities.includes('word') && {
      words: words.map(({ word, start, end }) => ({ word, start, end })),
    }),
    ...usage,
  }
}

/** The transcript as plain text or subtitles, where the request asks for that. */
export function transcriptText(answer: JsonObject, request: ModelRequest): TextAnswer | undefined {
  const format = formatOf(request.fields)
  if (format === 'json' || format === 'verbose_json') return undefined
  const text =
    format === 'text' ? `${textOf(answer.text) ?? ''}\n` : subtitles(cuesOf(answer), format)
  return { contentType: 'text/plain; charset=utf-8', text }
}

/** A time in seconds; anything else is no transcript. */
export function secondsOf(value: unknown, request: ModelRequest): number {
  if (typeof value === 'number' && Number.isFinite(value)) return Math.max(0, value)
  throw nonsense('a time was expected', request.model)
}

function toSegment({ text, start, end, more }: HeardSegment, id: number): JsonObject {
  return {
    id,
    seek: 0,
    start,
    end,
    text,
    // Official clients in typed languages want each of them.
    tokens: [],
    temperature: 0,
    avg_logprob: 0,
    compression_ratio: 1,
    no_speech_prob: 0,
    ...more,
  }
}

interface Cue {
  readonly text: string
  readonly start: number
  readonly end: number
}

function cuesOf({ segments, text, duration }: JsonObject): readonly Cue[] {
  const cues = (isList(segments) ? segments : []).filter(isCue)
  const whole = textOf(text) ?? ''
  if (cues.length > 0 || whole === '') return cues
  return [{ text: whole, start: 0, end: typeof duration === 'number' ? duration : 0 }]
}

function isCue(value: unknown): value is Cue {
  if (!isObject(value)) return false
  const { text, start, end } = value
  return typeof text === 'string' && typeof start === 'number' && typeof end === 'number'
}

function subtitles(cues: readonly Cue[], format: 'srt' | 'vtt'): string {
  const told = cues.map(({ text, start, end }, index) => {
    const number = format === 'srt' ? `${index + 1}\n` : ''
    return `${number}${clock(start, format)} --> ${clock(end, format)}\n${lineOf(text, format)}\n\n`
  })
  return `${format === 'vtt' ? 'WEBVTT\n\n' : ''}${told.join('')}`
}

// An empty line would end the cue, an arrow would begin another.
function lineOf(text: string, format: 'srt' | 'vtt'): string {
  const lines = text.trim().replaceAll(/\s*\n\s*/g, '\n')
  return format === 'vtt' ? lines.replaceAll('-->', '->') : lines
}

function clock(seconds: number, format: 'srt' | 'vtt'): string {
  const ms = Math.round(seconds * 1000)
  const two = (value: number): string => `${Math.floor(value)}`.padStart(2, '0')
  const time = [ms / 3_600_000, (ms / 60_000) % 60, (ms / 1000) % 60].map(two).join(':')
  return `${time}${format === 'srt' ? ',' : '.'}${`${ms % 1000}`.padStart(3, '0')}`
}

/** OpenAI tells a language by its English name, most others by its code. */
function nameOf(language: string | undefined): string {
  if (!isGiven(language) || language === undefined) return ''
  if (!/^[a-z]{2,3}(-[a-z0-9]{2,8})*$/i.test(language)) return language
  const main = language.split('-')[0] ?? language
  return names.of(main)?.toLowerCase() ?? language
}

const names = new Intl.DisplayNames('en', { type: 'language' })
