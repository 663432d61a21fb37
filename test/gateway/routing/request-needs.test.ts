import { expect, test } from 'vitest'

import type { Capability } from '../../../gateway/routing/decision.ts'
import { needsOf } from '../../../gateway/routing/request-needs.ts'

const all: readonly Capability[] = [
  'vision',
  'tools',
  'response-schema',
  'audio-input',
  'pdf-input',
]

const user = (...content: unknown[]) => ({ messages: [{ role: 'user', content }] })

test.each([
  [[], { messages: [{ role: 'user', content: 'image_url' }] }],
  [[], user({ type: 'text', text: 'hi' }, null, 'x', { type: 7 }, { type: 'constructor' })],
  [['vision'], user({ type: 'image_url', image_url: { url: 'https://x' } })],
  [['vision'], user({ type: 'image', source: {} })],
  [['vision'], user({ type: 'tool_result', content: [{ type: 'image', source: {} }] })],
  [['vision'], { input: [{ role: 'user', content: [{ type: 'input_image' }] }] }],
  [['vision'], { input: [{ type: 'function_call_output', output: [{ type: 'input_image' }] }] }],
  [['audio-input'], user({ type: 'input_audio', input_audio: {} })],
  [['pdf-input'], user({ type: 'file', file: {} })],
  [['pdf-input'], user({ type: 'document', source: {} })],
  [['pdf-input'], { input: [{ content: [{ type: 'input_file' }] }] }],
  [['tools'], { messages: [], tools: [{ type: 'function' }] }],
  [['tools'], { messages: [], functions: [{}] }],
  [[], { messages: [], tools: [] }],
  [['response-schema'], { response_format: { type: 'json_schema' } }],
  [[], { response_format: { type: 'json_object' } }],
  [['response-schema'], { text: { format: { type: 'json_schema' } } }],
  [['response-schema'], { output_config: { format: { type: 'json_schema' } } }],
  [['vision', 'tools'], { ...user({ type: 'image_url' }), tools: [{}] }],
] as const)('%j of %j', (expected, fields) => {
  expect(needsOf(fields, all)).toEqual(expected)
})

test('what nobody asks about is not told', () => {
  expect(needsOf({ ...user({ type: 'image_url' }), tools: [{}] }, ['tools'])).toEqual(['tools'])
})
