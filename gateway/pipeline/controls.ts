import type { IncomingHttpHeaders } from 'node:http'

import { GatewayError } from '../errors/gateway-error.ts'
import { readAskedFallbacks, type AskedFallbacks } from './asked-fallbacks.ts'
import { invalid, parsed } from './control-values.ts'
import type { ReadRequest } from './serve.ts'

/** What a caller asks of the gateway itself, beside what it asks of the model. */
export interface Controls extends AskedFallbacks {
  /** Bound of the whole exchange: waiting, retries and fallbacks included. */
  readonly timeoutMs: number | undefined
  /** Longest wait for the first byte of a stream, an attempt. */
  readonly firstByteMs: number | undefined
  readonly numRetries: number | undefined
  readonly tags: readonly string[]
}

const noControls: Controls = {
  timeoutMs: undefined,
  firstByteMs: undefined,
  numRetries: undefined,
  tags: [],
  fallbacks: undefined,
  contextWindowFallbacks: undefined,
  contentPolicyFallbacks: undefined,
  areFallbacksDisabled: false,
  mockedFailure: undefined,
}

const steering: ReadonlySet<string> = new Set([
  'timeout',
  'stream_timeout',
  'num_retries',
  'tags',
  'metadata',
  'litellm_metadata',
  'fallbacks',
  'context_window_fallbacks',
  'content_policy_fallbacks',
  'disable_fallbacks',
  'mock_testing_fallbacks',
  'mock_testing_context_fallbacks',
  'mock_testing_content_policy_fallbacks',
])

/** Reads body and headers; a header goes before the field, as LiteLLM has it. Throws `invalid_request` naming it. */
export function readControls(request: ReadRequest, headers: IncomingHttpHeaders): Controls {
  if (!isSteered(request, headers)) return noControls
  const { fields } = request
  const given = (header: string, field: string): [string, unknown] =>
    headers[header] === undefined ? [field, fields[field]] : [header, headers[header]]
  return {
    timeoutMs: readSeconds(...given('x-litellm-timeout', 'timeout')),
    firstByteMs: readSeconds(...given('x-litellm-stream-timeout', 'stream_timeout')),
    numRetries: readCount(...given('x-litellm-num-retries', 'num_retries')),
    tags: readTags(fields, headers['x-litellm-tags']),
    ...readAskedFallbacks(fields),
  }
}

/** The same with the tags of the caller's key beside the request's own. */
export function withTags(controls: Controls, tags: readonly string[] = []): Controls {
  if (tags.length === 0) return controls
  return { ...controls, tags: [...new Set([...controls.tags, ...tags])] }
}

function isSteered(request: ReadRequest, headers: IncomingHttpHeaders): boolean {
  if (
    headers['x-litellm-timeout'] !== undefined ||
    headers['x-litellm-stream-timeout'] !== undefined ||
    headers['x-litellm-num-retries'] !== undefined ||
    headers['x-litellm-tags'] !== undefined
  )
    return true
  if (request.kind === 'json') {
    for (const { key } of request.members) if (steering.has(key)) return true
    return false
  }
  for (const key in request.fields) if (steering.has(key)) return true
  return false
}

// Node's timers end at once when told to wait longer.
const longestMs = 2 ** 31 - 1

function readSeconds(name: string, value: unknown): number | undefined {
  if (value === undefined || value === null) return undefined
  const seconds = numberIn(value)
  if (seconds === undefined || seconds <= 0)
    throw invalid(name, 'a number of seconds above 0, such as 30 or 1.5', value)
  return Math.min(Math.ceil(seconds * 1000), longestMs)
}

const mostRetries = 100

function readCount(name: string, value: unknown): number | undefined {
  if (value === undefined || value === null) return undefined
  const count = numberIn(value)
  if (count === undefined || !Number.isInteger(count) || count < 0 || count > mostRetries)
    throw invalid(name, `a whole number from 0 to ${mostRetries}`, value)
  return count
}

function numberIn(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined
  if (typeof value !== 'string' || !/^\s*\d{1,15}(\.\d{1,15})?\s*$/.test(value)) return undefined
  return Number(value)
}

const mostTags = 100

function readTags(
  fields: Readonly<Record<string, unknown>>,
  header: string | string[] | undefined,
): readonly string[] {
  const tags = new Set([
    ...tagsIn('tags', fields['tags']),
    ...tagsWithin('metadata', fields['metadata']),
    ...tagsWithin('litellm_metadata', fields['litellm_metadata']),
    ...(typeof header === 'string' ? commaList(header) : []),
  ])
  if (tags.size > mostTags)
    throw new GatewayError('invalid_request', `tags: expected at most ${mostTags}.`, {
      param: 'tags',
    })
  return [...tags]
}

function tagsWithin(name: string, value: unknown): readonly string[] {
  const metadata = typeof value === 'string' ? parsed(value) : value
  if (metadata === null || typeof metadata !== 'object') return []
  return tagsIn(`${name}.tags`, Reflect.get(metadata, 'tags'))
}

function tagsIn(name: string, value: unknown): readonly string[] {
  if (value === undefined || value === null) return []
  // A form has text only: a JSON list, or names with commas between them.
  const list = typeof value === 'string' ? (parsed(value) ?? commaList(value)) : value
  if (!Array.isArray(list) || !list.every((tag) => typeof tag === 'string'))
    throw invalid(name, 'a list of texts', value)
  return list
}

function commaList(text: string): string[] {
  return text.split(',').flatMap((tag) => tag.trim() || [])
}
