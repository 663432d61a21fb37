import { readdirSync, readFileSync } from 'node:fs'
import { fieldOf, isObject } from '../../../modules/json-object.ts'
import type { Fixture, Outcome } from './run-fixture.ts'

/** What a recorded chat shows. */
export const chatKinds = [
  'answer',
  'stream',
  'call',
  'parallel calls',
  'streamed call',
  'streamed parallel calls',
  'tool result',
  'picture',
  'json schema',
  'stop',
  'length',
  'content_filter',
  'cached tokens',
  'thoughts',
  'streamed thoughts',
  'usage in a stream',
  'failed stream',
] as const

export type ChatKind = (typeof chatKinds)[number]

export interface Recorded {
  readonly file: string
  readonly fixture: Fixture
  readonly outcome: Outcome
}

const folder = new URL('../../fixtures/', import.meta.url)

/** Every recorded exchange of a folder, with what is made of it. */
export function recordedIn(name: string): readonly Recorded[] {
  const place = new URL(`${name}/`, folder)
  const read = (file: string) => JSON.parse(readFileSync(new URL(file, place), 'utf8'))
  return readdirSync(place)
    .filter((file) => file.endsWith('.json') && !file.endsWith('.golden.json'))
    .map((file) => {
      const fixture: Fixture = read(file)
      const outcome: Outcome = read(file.replace('.json', '.golden.json'))
      return { file, fixture, outcome }
    })
}

/** Which of them a recorded chat shows. */
export function kindsOf({ fixture, outcome }: Recorded): ReadonlySet<ChatKind> {
  const { chunks } = outcome
  const isStream = fixture.events !== undefined
  const choices = isStream ? (chunks ?? []).flatMap(choicesIn) : choicesIn(outcome.answer)
  const said = choices.map((choice) => fieldOf(choice, isStream ? 'delta' : 'message'))
  const calls = new Set(said.flatMap(callsIn))
  const usages = isStream ? (chunks ?? []).map(usageIn) : [usageIn(outcome.answer)]
  const { messages, response_format: format } = fixture.request.fields
  const turns = Array.isArray(messages) ? messages : []
  const reasons = choices.map((choice) => fieldOf(choice, 'finish_reason'))
  const shown: Record<ChatKind, boolean> = {
    answer: !isStream && choices.length > 0,
    stream: isStream && reasons.some((reason) => typeof reason === 'string'),
    call: !isStream && calls.size === 1,
    'parallel calls': !isStream && calls.size > 1,
    'streamed call': isStream && calls.size === 1,
    'streamed parallel calls': isStream && calls.size > 1,
    'tool result': turns.some((turn) => fieldOf(turn, 'role') === 'tool'),
    picture: turns.some((turn) => holds(turn, 'image_url')),
    'json schema': fieldOf(format, 'type') === 'json_schema',
    stop: reasons.includes('stop'),
    length: reasons.includes('length'),
    content_filter: reasons.includes('content_filter'),
    'cached tokens': usages.some(
      (usage) => Number(fieldOf(fieldOf(usage, 'prompt_tokens_details'), 'cached_tokens')) > 0,
    ),
    thoughts: !isStream && said.some(thinks),
    'streamed thoughts': isStream && said.some(thinks),
    'usage in a stream': isStream && usages.some(isObject),
    'failed stream': isStream && outcome.error !== undefined,
  }
  return new Set(chatKinds.filter((kind) => shown[kind]))
}

function choicesIn(said: unknown): readonly unknown[] {
  const choices = fieldOf(said, 'choices')
  return Array.isArray(choices) ? choices : []
}

function callsIn(said: unknown): readonly unknown[] {
  const calls = fieldOf(said, 'tool_calls')
  if (!Array.isArray(calls)) return []
  return calls.map((call) => fieldOf(call, 'index') ?? fieldOf(call, 'id'))
}

function usageIn(said: unknown): unknown {
  return fieldOf(said, 'usage')
}

function thinks(said: unknown): boolean {
  return typeof fieldOf(said, 'reasoning_content') === 'string'
}

function holds(turn: unknown, type: string): boolean {
  const content = fieldOf(turn, 'content')
  return Array.isArray(content) && content.some((part) => fieldOf(part, 'type') === type)
}
