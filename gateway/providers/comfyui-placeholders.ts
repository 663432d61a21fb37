import { nearestNames } from '../../modules/nearest-name.ts'
import { isObject } from '../../modules/json-object.ts'
import { isList, type JsonObject } from './read-json.ts'

/** What fills the places of a workflow: `word` is what a caller wrote, `ours` what the gateway named itself. */
export const placeholders = {
  prompt: 'word',
  negative_prompt: 'word',
  quality: 'word',
  style: 'word',
  sampler_name: 'word',
  scheduler: 'word',
  width: 'number',
  height: 'number',
  seed: 'number',
  steps: 'number',
  cfg: 'number',
  denoise: 'number',
  n: 'number',
  model: 'ours',
  image: 'ours',
  image_2: 'ours',
  image_3: 'ours',
  image_4: 'ours',
  mask: 'ours',
  mask_channel: 'ours',
  id: 'ours',
} as const

type PlaceholderName = keyof typeof placeholders

export type Values = Readonly<Record<PlaceholderName, string | number>>

const written = /\{\{\s*([^{}]*?)\s*\}\}/g
const namesFiles = /file|path|folder|director|prefix/i

/** The workflow with its places filled: alone in its text a value keeps its type, among words it is text. */
export function fillWorkflow(workflow: JsonObject, values: Values): JsonObject {
  return Object.fromEntries(
    Object.entries(workflow).map(([id, node]) => [
      id,
      isObject(node) ? { ...node, inputs: fill(node['inputs'], values) } : node,
    ]),
  )
}

/** The names of the places that a value has. */
export function placeholdersIn(value: unknown): Set<string> {
  return new Set([...textsIn(value)].flatMap(namesIn))
}

/** What is wrong with a place of an input, by the name of the input. */
export function faultOfPlaces(input: string, value: unknown): string | undefined {
  for (const name of placeholdersIn(value)) {
    if (!isPlaceholder(name)) return unknownName(name)
    if (placeholders[name] === 'word' && namesFiles.test(input))
      return `{{${name}}} is what a caller writes, and no part of the name of a file; {{id}} is one that is free`
  }
  return undefined
}

function fill(value: unknown, values: Values): unknown {
  if (typeof value === 'string') return fillText(value, values)
  if (isList(value)) return value.map((item) => fill(item, values))
  if (!isObject(value)) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, fill(item, values)]))
}

function fillText(text: string, values: Values): string | number {
  const [only, ...others] = namesIn(text)
  if (only === undefined) return text
  const isAlone = others.length === 0 && /^\{\{[^{}]*\}\}$/.test(text.trim())
  if (isAlone && isPlaceholder(only)) return values[only]
  return text.replaceAll(written, (whole, name: string) =>
    isPlaceholder(name) ? String(values[name]) : whole,
  )
}

function namesIn(text: string): string[] {
  return [...text.matchAll(written)].map(([, name = '']) => name)
}

function isPlaceholder(name: string): name is PlaceholderName {
  return Object.hasOwn(placeholders, name)
}

function unknownName(name: string): string {
  const known = Object.keys(placeholders)
  const [near] = nearestNames(name, known, 1)
  const hint = near === undefined ? `known are ${known.join(', ')}` : `did you mean {{${near}}}?`
  return `unknown placeholder {{${name}}}, ${hint}`
}

function* textsIn(value: unknown): Generator<string> {
  if (typeof value === 'string') yield value
  else if (isList(value)) for (const item of value) yield* textsIn(item)
  else if (isObject(value)) for (const item of Object.values(value)) yield* textsIn(item)
}
