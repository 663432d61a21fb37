import { invalid, isMoreThanOne, type Unsayable } from './dialect-limits.ts'
import { isObject } from '../../modules/json-object.ts'
import { isGiven, type JsonObject } from './read-json.ts'

const numbers = [
  'num_keep',
  'num_predict',
  'num_ctx',
  'num_batch',
  'num_gpu',
  'main_gpu',
  'num_thread',
  'seed',
  'temperature',
  'top_k',
  'top_p',
  'min_p',
  'typical_p',
  'tfs_z',
  'repeat_last_n',
  'repeat_penalty',
  'presence_penalty',
  'frequency_penalty',
  'mirostat',
  'mirostat_tau',
  'mirostat_eta',
]
const switches = [
  'penalize_newline',
  'numa',
  'low_vram',
  'f16_kv',
  'vocab_only',
  'logits_all',
  'use_mmap',
  'use_mlock',
]

/** OpenAI's words that become options, first given one wins. */
const renamed = ['max_completion_tokens', 'max_tokens']

/** Fields of OpenAI's requests that say nothing to Ollama, or are said otherwise by a translation. */
const spoken = new Set([
  ...numbers,
  ...switches,
  ...renamed,
  'stop',
  'options',
  'model',
  'messages',
  'prompt',
  'input',
  'stream',
  'stream_options',
  'tools',
  'tool_choice',
  'parallel_tool_calls',
  'functions',
  'function_call',
  'response_format',
  'reasoning_effort',
  'thinking',
  'n',
  'best_of',
  'echo',
  'logprobs',
  'top_logprobs',
  'logit_bias',
  'user',
  'metadata',
  'store',
  'service_tier',
  'modalities',
  'audio',
  'prediction',
  'web_search_options',
  'verbosity',
  'safety_identifier',
  'prompt_cache_key',
  'encoding_format',
])

const isTrue = (value: unknown): boolean => value !== false
const hasEntries = (value: unknown): boolean => !isObject(value) || Object.keys(value).length > 0

/** What Ollama has no words for, whichever the endpoint. */
export const unsayableToOllama: readonly Unsayable[] = [
  { field: 'n', isAsked: isMoreThanOne, reason: 'Ollama gives one answer a request.' },
  { field: 'best_of', isAsked: isMoreThanOne, reason: 'Ollama gives one answer a request.' },
  {
    field: 'logprobs',
    isAsked: isTrue,
    reason: 'log probabilities are not translated for Ollama.',
  },
  {
    field: 'top_logprobs',
    isAsked: (value) => value !== 0,
    reason: 'log probabilities are not translated for Ollama.',
  },
  { field: 'logit_bias', isAsked: hasEntries, reason: 'Ollama cannot bias single tokens.' },
  { field: 'echo', isAsked: isTrue, reason: 'Ollama does not repeat the prompt.' },
]

/** Ollama's `options`: sampling fields, then the caller's own `options`, then the asked maximum. */
export function optionsOf(fields: JsonObject): { readonly options?: JsonObject } {
  const { options: own, stop } = fields
  if (isGiven(own) && !isObject(own)) throw invalid('options', 'must be an object.')
  const options: [string, unknown][] = []
  for (const name of numbers)
    if (isGiven(fields[name])) options.push([name, numberIn(fields, name)])
  for (const name of switches) if (isGiven(fields[name])) options.push([name, fields[name]])
  if (isGiven(stop)) options.push(['stop', stopsOf(stop)])
  if (isObject(own)) options.push(...ownOptions(own))
  const most = renamed.find((name) => isGiven(fields[name]))
  if (most !== undefined) options.push(['num_predict', numberIn(fields, most)])
  return options.length === 0 ? {} : { options: Object.fromEntries(options) }
}

/** Fields this room has no opinion on: Ollama's own (`keep_alive`, `format`, `raw`) and those yet to come. */
export function otherFields(fields: JsonObject): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => !spoken.has(name)))
}

/** Ollama answers a wrong type with a 500, which would count as its failure. */
function ownOptions(own: JsonObject): [string, unknown][] {
  const given = Object.entries(own).filter(([, value]) => isGiven(value))
  const wrong = given.find(([name, value]) => numbers.includes(name) && typeof value !== 'number')
  if (wrong !== undefined) throw invalid(`options.${wrong[0]}`, 'must be a number.')
  return given
}

function numberIn(fields: JsonObject, name: string): number {
  const value = fields[name]
  if (typeof value !== 'number') throw invalid(name, 'must be a number.')
  return value
}

function stopsOf(stop: unknown): readonly string[] {
  const stops: unknown = typeof stop === 'string' ? [stop] : stop
  if (!Array.isArray(stops)) throw invalid('stop', 'must be a text or a list of texts.')
  return stops.map((text: unknown) => {
    if (typeof text !== 'string') throw invalid('stop', 'must be a text or a list of texts.')
    return text
  })
}
