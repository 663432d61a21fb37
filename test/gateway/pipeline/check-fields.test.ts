import { expect, test } from 'vitest'

import { endpoints } from '../../../gateway/endpoints/index.ts'
import { checkFields } from '../../../gateway/pipeline/check-fields.ts'
import { readJsonRequest } from '../../../gateway/pipeline/json-request.ts'
import { endpointNames } from '../../../modules/endpoints.ts'

function check(name: string, body: object, pathModel?: string): string {
  const endpoint = endpoints.find((one) => one.name === name)
  if (!endpoint) throw new Error(`no endpoint ${name}`)
  return checkFields(readJsonRequest(Buffer.from(JSON.stringify(body))), endpoint, pathModel)
}

test.each([
  ['chat-completions', { messages: [] }],
  ['completions', { prompt: 'a' }],
  ['completions', { prompt: ['a'] }],
  ['embeddings', { input: 'a' }],
  ['embeddings', { input: [[1, 2]] }],
  ['images-generations', { prompt: 'a' }],
  ['audio-speech', { input: 'a' }],
  ['responses', { input: 'a' }],
  ['messages', { messages: [] }],
  ['rerank', { query: 'q', documents: [] }],
  ['moderations', { input: 'a' }],
])('%s takes %j', (name, body) => {
  expect(check(name, { model: 'm', ...body })).toBe('m')
})

test.each([
  ['chat-completions', {}, 'messages', /Missing/],
  ['chat-completions', { messages: {} }, 'messages', /expected list/],
  ['completions', {}, 'prompt', /Missing/],
  ['completions', { prompt: 3 }, 'prompt', /text or list/],
  ['embeddings', { input: null }, 'input', /Missing/],
  ['embeddings', { input: {} }, 'input', /text or list/],
  ['images-generations', { prompt: ['a'] }, 'prompt', /expected text/],
  ['audio-speech', {}, 'input', /Missing/],
  ['rerank', { query: 'q' }, 'documents', /Missing/],
])('%s refuses %j, naming %s', (name, body, param, words) => {
  expect(() => check(name, { model: 'm', ...body })).toThrow(
    expect.objectContaining({
      code: 'invalid_request',
      param,
      message: expect.stringMatching(words),
    }),
  )
})

test('the model of the path is asked, whatever the body says', () => {
  expect(check('chat-completions', { messages: [] }, 'p')).toBe('p')
  expect(check('chat-completions', { model: 'm', messages: [] }, 'p')).toBe('p')
  expect(check('chat-completions', { model: '', messages: [] }, 'p')).toBe('p')
})

test('every endpoint a module can offer is spoken', () => {
  expect(endpoints.map(({ name }) => name).toSorted()).toEqual([...endpointNames].toSorted())
})
