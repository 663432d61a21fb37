import { fieldOf, isObject } from '../../modules/json-object.ts'
import { isGiven, isList, textOf, type JsonObject } from './read-json.ts'
import { withoutSecrets } from './without-secrets.ts'

/** What an upstream said about a failure, fit for a caller. */
export interface UpstreamError {
  /** Empty where it said nothing a caller could read. */
  readonly message: string
  readonly code: string | null
  readonly param: string | null
  readonly type: string | null
  /** A second code that some put behind the first: Azure's `innererror`. */
  readonly innerCode: string | null
}

export type UpstreamHeaders = Readonly<Record<string, string | readonly string[] | undefined>>

const longestBody = 65_536
const silence: Said = { message: '' }

/** The JSON value of an error's body, else its text. */
export function parseBody(body: Uint8Array): unknown {
  const text = new TextDecoder().decode(body.subarray(0, longestBody)).trim()
  return parsed(text) ?? text
}

/** Understands OpenAI's, vLLM's, Ollama's, FastAPI's, WebUI's and Deepgram's errors, and plain text; HTML says nothing. */
export function readUpstreamError(body: unknown, known: readonly string[] = []): UpstreamError {
  const said = saidIn(body)
  return {
    message: withoutSecrets(said.message, known),
    code: word(said.code),
    param: word(said.param),
    type: word(said.type),
    innerCode: word(said.innerCode),
  }
}

/** A header's first value, whatever the case of its name. */
export function headerOf(headers: UpstreamHeaders, name: string): string | undefined {
  const found = Object.keys(headers).find((key) => key.toLowerCase() === name)
  const value = found === undefined ? undefined : headers[found]
  return typeof value === 'string' ? value : value?.[0]
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

interface Said {
  readonly message: string
  readonly code?: unknown
  readonly param?: unknown
  readonly type?: unknown
  readonly innerCode?: unknown
}

function saidIn(answer: unknown): Said {
  if (typeof answer === 'string') return /^[<{]/.test(answer) ? silence : { message: answer }
  if (isList(answer)) return answer.length > 0 && isObject(answer[0]) ? saidIn(answer[0]) : silence
  if (!isObject(answer)) return silence
  if (isObject(answer.error)) return envelope(answer.error)
  if (isGiven(answer.errors) && typeof answer.error === 'string')
    return { message: webuiText(answer) }
  if (typeof answer.error === 'string')
    return { ...envelope(answer), type: answer.type ?? answer.error_type, message: answer.error }
  if (isGiven(answer.detail)) return detail(answer.detail)
  if (typeof answer.err_msg === 'string') return { message: answer.err_msg, code: answer.err_code }
  return envelope(answer)
}

function envelope(error: JsonObject): Said {
  const { code, param, type, metadata } = error
  const passedOn = passedOnIn(metadata)
  return {
    message:
      passedOn?.message ??
      textOf(error.message) ??
      textOf(error.Message) ??
      textOf(error.detail) ??
      '',
    code,
    param,
    type,
    innerCode: fieldOf(error.innererror, 'code') ?? passedOn?.code ?? error.status,
  }
}

/** OpenRouter says "Provider returned error", and what that provider said beside it, as text. */
function passedOnIn(metadata: unknown): Said | undefined {
  const raw = textOf(fieldOf(metadata, 'raw'))
  if (raw === undefined || raw.length > longestBody) return undefined
  const value = parsed(raw)
  const inner = isObject(value) ? (fieldOf(value, 'error') ?? value) : raw
  const said = isObject(inner) ? { ...inner, message: textOf(inner.message) ?? '' } : saidIn(inner)
  return said.message === '' ? undefined : said
}

function webuiText(answer: JsonObject): string {
  return (
    [answer.errors, answer.detail, answer.error]
      .map(textOf)
      .find((text) => text !== undefined && text !== '') ?? ''
  )
}

/** FastAPI: a text, or a list of faults that each say where. */
function detail(value: unknown): Said {
  if (typeof value === 'string') return { message: value }
  if (isObject(value)) return envelope(value)
  if (!isList(value)) return silence
  const faults = value
    .filter(isObject)
    .map((fault) => ({ at: placeOf(fault.loc), what: textOf(fault.msg) ?? '' }))
  const message = faults.map(({ at, what }) => (at === '' ? what : `${at}: ${what}`)).join('; ')
  return { message, param: faults[0]?.at }
}

function placeOf(loc: unknown): string {
  if (!isList(loc)) return ''
  return loc.filter((step) => typeof step !== 'object' && step !== 'body').join('.')
}

/** A short word that cannot be an address or a key; anything else is left out. */
function word(value: unknown): string | null {
  const text = typeof value === 'number' ? String(value) : value
  if (typeof text !== 'string' || !/^[\w.:[\]-]{1,100}$/.test(text)) return null
  return withoutSecrets(text) === text ? text : null
}
