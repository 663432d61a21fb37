import { fieldOf, isObject } from '../../modules/json-object.ts'
import { isList, textOf, type JsonObject } from './read-json.ts'

/**
 * Gemini signs its thoughts and wants the signature back with the next turn. It travels in `provider_specific_fields`,
 * of a message for its text, of a tool call for the call.
 */
export function signatureFields(part: JsonObject): JsonObject {
  const signature = signatureIn(part)
  return signature === undefined
    ? {}
    : { provider_specific_fields: { thought_signature: signature } }
}

/** The signature of one of Gemini's parts. */
export function signatureIn(part: JsonObject): string | undefined {
  return textOf(part.thoughtSignature) || undefined
}

/** The signature a caller gives back with a tool call, wherever its client has kept it. */
export function signatureOfCall(call: JsonObject): string | undefined {
  const called = isObject(call.function) ? call.function : {}
  const kept = [
    fieldOf(call.provider_specific_fields, 'thought_signature'),
    fieldOf(called.provider_specific_fields, 'thought_signature'),
    fieldOf(fieldOf(call.extra_content, 'google'), 'thought_signature'),
  ]
  const found = kept.find((value) => typeof value === 'string' && value !== '')
  return textOf(found) ?? signatureInId(call.id)
}

/** The signature a caller gives back with a message's text. */
export function signatureOfText(message: JsonObject): string | undefined {
  const kept = fieldOf(message.provider_specific_fields, 'thought_signatures')
  const last = isList(kept) ? kept.at(-1) : undefined
  return textOf(last) || undefined
}

const mark = '__thought__'

/** Conversations begun behind another gateway carry it in the call's id. */
function signatureInId(id: unknown): string | undefined {
  const text = textOf(id) ?? ''
  const at = text.indexOf(mark)
  return at < 0 ? undefined : text.slice(at + mark.length) || undefined
}

/** Tells the newer models that a call is not their own, and that no signature is to be looked for. */
export const unsigned = 'skip_thought_signature_validator'
