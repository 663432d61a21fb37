import { isObject } from '../../modules/json-object.ts'
import type { Capability } from './decision.ts'

type Fields = Readonly<Record<string, unknown>>

const byPartType: Readonly<Partial<Record<string, Capability>>> = {
  image_url: 'vision',
  input_image: 'vision',
  image: 'vision',
  input_audio: 'audio-input',
  file: 'pdf-input',
  input_file: 'pdf-input',
  document: 'pdf-input',
}

/** Which of these a request needs, in OpenAI's words or Anthropic's. */
export function needsOf(fields: Fields, among: readonly Capability[]): readonly Capability[] {
  const found = new Set<Capability>()
  addNeedsOfParts(fields['messages'], found)
  addNeedsOfParts(fields['input'], found)
  if (isFilled(fields['tools']) || isFilled(fields['functions'])) found.add('tools')
  if (hasSchema(fields)) found.add('response-schema')
  return among.filter((capability) => found.has(capability))
}

/** Messages hold parts, and results of tools among the parts hold parts again. */
function addNeedsOfParts(value: unknown, found: Set<Capability>): void {
  if (Array.isArray(value)) {
    for (const one of value) addNeedsOfParts(one, found)
    return
  }
  if (!isObject(value)) return
  const { type } = value
  const need = typeof type === 'string' && Object.hasOwn(byPartType, type) && byPartType[type]
  if (need) found.add(need)
  addNeedsOfParts(value['content'], found)
  addNeedsOfParts(value['output'], found)
}

function hasSchema(fields: Fields): boolean {
  const { text, output_config: config } = fields
  return [
    fields['response_format'],
    fields['output_format'],
    isObject(text) && text['format'],
    isObject(config) && config['format'],
  ].some((format) => isObject(format) && format['type'] === 'json_schema')
}

function isFilled(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0
}
