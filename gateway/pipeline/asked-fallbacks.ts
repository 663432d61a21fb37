import { isObject } from '../../modules/json-object.ts'
import type { ErrorCode } from '../errors/catalogue.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import { controlFields } from './control-fields.ts'
import { invalid, parsed } from './control-values.ts'

/** A model tried in another's place, and what of the request is replaced there. */
export interface FallbackTarget {
  readonly model: string
  readonly fields?: Readonly<Record<string, unknown>>
}

/** Targets by the model they stand in for; `*`: for any. */
type FallbackTable = ReadonlyMap<string, readonly FallbackTarget[]>

/** What a request says of fallbacks; what it names goes before the file's. */
export interface AskedFallbacks {
  readonly fallbacks: FallbackTable | undefined
  readonly contextWindowFallbacks: FallbackTable | undefined
  readonly contentPolicyFallbacks: FallbackTable | undefined
  readonly areFallbacksDisabled: boolean
  /** The first group is to fail like this without being called: for trying fallbacks out. */
  readonly mockedFailure: ErrorCode | undefined
}

/** Reads LiteLLM's fields: `["b"]`, `[{"model": "b", "messages": […]}]` or `[{"a": ["b"]}]`. Throws `invalid_request`. */
export function readAskedFallbacks(fields: Readonly<Record<string, unknown>>): AskedFallbacks {
  return {
    fallbacks: readTable('fallbacks', fields['fallbacks']),
    contextWindowFallbacks: readTable(
      'context_window_fallbacks',
      fields['context_window_fallbacks'],
    ),
    contentPolicyFallbacks: readTable(
      'content_policy_fallbacks',
      fields['content_policy_fallbacks'],
    ),
    areFallbacksDisabled: readSwitch('disable_fallbacks', fields),
    mockedFailure: readMock(fields),
  }
}

function readMock(fields: Readonly<Record<string, unknown>>): ErrorCode | undefined {
  if (readSwitch('mock_testing_context_fallbacks', fields)) return 'context_length_exceeded'
  if (readSwitch('mock_testing_content_policy_fallbacks', fields)) return 'content_policy_violation'
  return readSwitch('mock_testing_fallbacks', fields) ? 'upstream_failed' : undefined
}

function readSwitch(name: string, fields: Readonly<Record<string, unknown>>): boolean {
  const value = fields[name]
  if (value === undefined || value === null || value === false || value === 'false') return false
  if (value === true || value === 'true') return true
  throw invalid(name, 'true or false', value)
}

const expected = 'a list of model names, such as ["b"], or of objects with a `model`'
const mostTargets = 100

function readTable(name: string, value: unknown): FallbackTable | undefined {
  if (value === undefined || value === null) return undefined
  // A form has text only.
  const written = typeof value === 'string' ? (parsed(value) ?? value) : value
  const isOne = isObject(written) || (typeof written === 'string' && written !== '')
  const list = Array.isArray(written) ? written : isOne ? [written] : undefined
  if (!list || list.length > mostTargets) throw invalid(name, expected, value)
  const table = new Map<string, FallbackTarget[]>()
  const add = (model: string, target: FallbackTarget): void => {
    const known = table.get(model)
    if (known) known.push(target)
    else table.set(model, [target])
  }
  for (const entry of list) {
    if (isTarget(entry)) add('*', readTarget(name, entry))
    else if (isObject(entry)) {
      for (const [model, targets] of Object.entries(entry))
        for (const target of [targets].flat())
          add(model, readTarget(`${name}.${model.slice(0, 60)}`, target))
    } else throw invalid(name, expected, entry)
  }
  return table
}

// Where a model is called, and how the answer comes, is not changed half way.
const places: ReadonlySet<string> = new Set([
  'api_key',
  'api_base',
  'base_url',
  'api_version',
  'organization',
  'custom_llm_provider',
  'stream',
])

function isTarget(entry: unknown): boolean {
  return typeof entry === 'string' || (isObject(entry) && typeof entry['model'] === 'string')
}

function readTarget(name: string, entry: unknown): FallbackTarget {
  if (typeof entry === 'string' && entry !== '') return { model: entry }
  if (!isObject(entry)) throw invalid(name, expected, entry)
  const { model, ...fields } = entry
  if (typeof model !== 'string' || model === '') throw invalid(name, expected, entry)
  const fixed = Object.keys(fields).find((key) => controlFields.has(key) || places.has(key))
  if (fixed !== undefined) {
    throw new GatewayError(
      'invalid_request',
      `${name}: ${fixed} cannot be given for a fallback; only fields for the model can, such as messages.`,
      { param: name },
    )
  }
  return Object.keys(fields).length === 0 ? { model } : { model, fields }
}
