import { isObject } from '../../modules/json-object.ts'
import { nonsense } from './dialect-limits.ts'
import { signatureFields, signatureIn } from './gemini-signatures.ts'
import type { ModelRequest } from './provider.ts'
import { countOf, isGiven, isList, textOf, type JsonObject } from './read-json.ts'

/** What the parts of one candidate say. */
export interface Said {
  readonly text: string
  readonly thoughts: string
  /** OpenAI's tool calls. */
  readonly calls: readonly JsonObject[]
  /** Pictures, as data: URLs. */
  readonly images: readonly JsonObject[]
  /** Base64. */
  readonly sound: string
  /** Of the text; a call has its own. */
  readonly signatures: readonly string[]
  /** Code that Google ran and what came of it, as it tells it. */
  readonly code: readonly JsonObject[]
}

/** Where a candidate's calls stand among those of its choice. */
export interface CallPlace {
  readonly request: ModelRequest
  readonly choice: number
  /** Calls that came before. */
  readonly first: number
}

/** The candidates of an answer or event; a prompt that was blocked is one that says nothing. */
export function candidatesIn(answer: JsonObject, request: ModelRequest): readonly JsonObject[] {
  const { candidates } = answer
  if (!isGiven(candidates)) return []
  if (!isList(candidates)) throw nonsense("a list was expected as 'candidates'", request.model)
  return candidates.map((candidate) => {
    if (!isObject(candidate)) throw nonsense('a candidate is not an object', request.model)
    return candidate
  })
}

/** Why a prompt was not answered at all. */
export function blockIn(answer: JsonObject): JsonObject | undefined {
  const feedback = answer.promptFeedback
  return isObject(feedback) && isGiven(feedback.blockReason) ? feedback : undefined
}

/** Which choice a candidate belongs to. */
export function indexOf(candidate: JsonObject, position: number): number {
  return countOf(candidate.index) ?? position
}

/** Reads one candidate's parts. */
export function readParts(candidate: JsonObject, place: CallPlace): Said {
  const { content } = candidate
  const { model } = place.request
  if (isGiven(content) && !isObject(content)) throw nonsense("'content' is not an object", model)
  const parts = isObject(content) ? content.parts : undefined
  if (isGiven(parts) && !isList(parts)) throw nonsense("a list was expected as 'parts'", model)
  const said = {
    texts: new Array<string>(),
    thoughts: new Array<string>(),
    calls: new Array<JsonObject>(),
    images: new Array<JsonObject>(),
    sounds: new Array<string>(),
    signatures: new Array<string>(),
    code: new Array<JsonObject>(),
  }
  for (const part of isList(parts) ? parts : []) {
    if (!isObject(part)) throw nonsense('a part is not an object', model)
    if (isGiven(part.functionCall)) {
      said.calls.push(callIn(part, { ...place, first: place.first + said.calls.length }))
      continue
    }
    const text = textIn(part, model)
    const signature = signatureIn(part)
    const isPicture = isObject(part.inlineData) && part.thought !== true
    if (isPicture) addMedia(part, said.images, said.sounds, model)
    else if (signature !== undefined) said.signatures.push(signature)
    if (text !== '') (part.thought === true ? said.thoughts : said.texts).push(text)
    if (isGiven(part.executableCode) || isGiven(part.codeExecutionResult)) said.code.push(part)
  }
  const { texts, thoughts, sounds, ...rest } = said
  return { text: texts.join(''), thoughts: thoughts.join(''), sound: sounds.join(''), ...rest }
}

function textIn({ text }: JsonObject, model: string): string {
  if (!isGiven(text)) return ''
  if (typeof text !== 'string') throw nonsense("a text was expected as 'text'", model)
  return text
}

function callIn(part: JsonObject, { request, choice, first }: CallPlace): JsonObject {
  const call = isObject(part.functionCall) ? part.functionCall : {}
  const name = textOf(call.name)
  if (name === undefined || name === '') throw nonsense('a tool call has no name', request.model)
  const made = request.answerId.replace(/^[a-z]+[-_]/, '')
  const id = textOf(call.id) || `call_${made}_${choice === 0 ? '' : `${choice}_`}${first}`
  return {
    id,
    type: 'function',
    function: { name, arguments: JSON.stringify(isObject(call.args) ? call.args : {}) },
    ...signatureFields(part),
  }
}

function addMedia(part: JsonObject, images: JsonObject[], sounds: string[], model: string): void {
  const media = isObject(part.inlineData) ? part.inlineData : {}
  const type = textOf(media.mimeType) ?? 'image/png'
  const data = textOf(media.data)
  if (data === undefined) throw nonsense("'inlineData' has no data", model)
  if (type.startsWith('audio/')) {
    sounds.push(data)
    return
  }
  const url = `data:${type};base64,${data}`
  images.push({ type: 'image_url', image_url: { url }, ...signatureFields(part) })
}

const filtered = new Set([
  'SAFETY',
  'RECITATION',
  'LANGUAGE',
  'BLOCKLIST',
  'PROHIBITED_CONTENT',
  'SPII',
  'MODEL_ARMOR',
  'IMAGE_SAFETY',
  'IMAGE_PROHIBITED_CONTENT',
  'IMAGE_RECITATION',
])

/** OpenAI's `finish_reason`. A reason it has no word for, a call gone wrong for instance, is a stop. */
export function finishReasonOf(reason: unknown, hasToolCalls: boolean): string {
  const word = textOf(reason) ?? ''
  if (word === 'MAX_TOKENS') return 'length'
  if (filtered.has(word)) return 'content_filter'
  return hasToolCalls ? 'tool_calls' : 'stop'
}

/** What a candidate gives beyond text, thoughts and calls: pictures, sound, signatures, code. */
export function extrasOf(said: Said, besides: JsonObject, request: ModelRequest): JsonObject {
  const specific = {
    ...(said.signatures.length > 0 && { thought_signatures: said.signatures }),
    ...(said.code.length > 0 && { code_execution: said.code }),
    ...besides,
  }
  const { images, sound } = said
  return {
    ...(images.length > 0 && { images: images.map((image, index) => ({ ...image, index })) }),
    ...(sound !== '' && { audio: soundOf(sound, request) }),
    ...(Object.keys(specific).length > 0 && { provider_specific_fields: specific }),
  }
}

function soundOf(data: string, { answerId, createdSeconds }: ModelRequest): JsonObject {
  return { id: `audio_${answerId}`, data, expires_at: createdSeconds, transcript: '' }
}
