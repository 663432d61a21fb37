import { createHash } from 'node:crypto'
import { isObject } from '../../modules/json-object.ts'
import { isList, textOf, type JsonObject } from '../../gateway/providers/read-json.ts'

/** What a demo answers, in pieces as a model would stream it. */
export function demoWords(question: string, pictures: number): string[] {
  const asked = question.replaceAll(/\s+/g, ' ').trim().slice(0, 120)
  const seen =
    pictures === 0 ? '' : ` and sent ${pictures === 1 ? 'a picture' : `${pictures} pictures`}`
  const text = `This is a demo answer, no model is behind it. You asked “${asked}”${seen}.`
  return text.match(/\S+\s*/g) ?? [text]
}

/** The last message's text, and how many pictures came with the messages. */
export function lastQuestion(messages: unknown): { text: string; pictures: number } {
  const all = isList(messages) ? messages.filter(isObject) : []
  const parts = all.flatMap((message) => partsOf(message))
  const last = all.at(-1)
  const texts = last === undefined ? [] : partsOf(last).flatMap((part) => textOf(part.text) ?? [])
  return {
    text: texts.join(' '),
    pictures: parts.filter((part) => part.type === 'image_url').length,
  }
}

function partsOf(message: JsonObject): readonly JsonObject[] {
  const own = isList(message.images) ? message.images.map(() => ({ type: 'image_url' })) : []
  if (typeof message.content === 'string') return [{ type: 'text', text: message.content }, ...own]
  return [...(isList(message.content) ? message.content.filter(isObject) : []), ...own]
}

/** About as many tokens as words. */
export function countTokens(text: string): number {
  return Math.max(1, text.split(/\s+/).filter(Boolean).length)
}

/** Texts of an embedding request's `input`. */
export function inputsOf(input: unknown): readonly string[] {
  return isList(input)
    ? input.map((item) => textOf(item) ?? JSON.stringify(item))
    : [textOf(input) ?? '']
}

/** Texts with words in common point the same way; the same text gives the same numbers. */
export function demoVector(text: string, dimensions = 64): number[] {
  const vector = Array.from({ length: dimensions }, () => 0.01)
  for (const word of text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []) {
    const place = createHash('sha256').update(word).digest().readUInt32BE() % dimensions
    vector[place] = (vector[place] ?? 0) + 1
  }
  const length = Math.hypot(...vector)
  return vector.map((value) => value / length)
}

/** A field's text; empty where it is none. */
export function fieldText(value: unknown): string {
  return textOf(value) ?? ''
}
