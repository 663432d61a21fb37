import { describe, expect, test } from 'vitest'

import { affinityOf, type Beginning } from '../../../gateway/routing/affinity.ts'

const user = (content: unknown) => ({ role: 'user', content })
const system = (content: unknown) => ({ role: 'system', content })

const of = (fields: Beginning['fields'], more: Partial<Beginning> = {}) =>
  affinityOf({ endpoint: 'chat-completions', model: 'm', tenant: 't', fields, ...more })

const hello = { messages: [system('Be brief.'), user('Hello')] }

test('is the same on every replica', () => {
  expect(of(hello)).toBe(247_319_635)
})

test('stays while the conversation grows', () => {
  const later = [...hello.messages, { role: 'assistant', content: 'Hi.' }, user('How are you?')]
  expect(of({ messages: later, temperature: 1 })).toBe(of(hello))
})

describe('differs with', () => {
  test.each([
    ['the model', hello, { model: 'n' }],
    ['the tenant', hello, { tenant: 'u' }],
    ['the system prompt', { messages: [system('Be long.'), user('Hello')] }, {}],
    ['the first turn', { messages: [system('Be brief.'), user('Hullo')] }, {}],
  ])('%s', (_, fields, more) => {
    expect(of(fields, more)).not.toBe(of(hello))
  })

  test('the first turn, however long the system prompt is', () => {
    const long = system('x'.repeat(50_000))
    expect(of({ messages: [long, user('a')] })).not.toBe(of({ messages: [long, user('b')] }))
  })

  test('a picture', () => {
    const picture = (url: string) => ({
      messages: [user([{ type: 'image_url', image_url: { url } }])],
    })
    const head = `data:image/png;base64,${'A'.repeat(2_000)}`
    expect(of(picture(`${head}x`))).not.toBe(of(picture(head)))
  })
})

test('a text is the same as parts of it', () => {
  expect(of({ messages: [user([{ type: 'text', text: 'Hel' }, { text: 'lo' }])] })).toBe(
    of({ messages: [user('Hello')] }),
  )
})

test.each([
  ['messages', { system: 'Be brief.', messages: [user('Hello')] }],
  ['messages', { system: [{ type: 'text', text: 'Be brief.' }], messages: [user('Hello')] }],
  ['responses', { instructions: 'Be brief.', input: 'Hello' }],
  [
    'responses',
    { instructions: 'Be brief.', input: [user([{ type: 'input_text', text: 'Hello' }])] },
  ],
  ['completions', { prompt: 'Be brief.Hello' }],
] as const)('%s have a beginning, too', (endpoint, fields) => {
  expect(of(fields, { endpoint })).toBe(of(hello))
})

test.each([
  ['chat-completions', {}],
  ['chat-completions', { messages: [null, 7, user(null), user([{ type: 'text' }])] }],
  ['embeddings', { input: 'Hello' }],
  ['images-generations', { prompt: 'Hello' }],
] as const)('%s with %j has nothing to stick to', (endpoint, fields) => {
  expect(of(fields, { endpoint })).toBeUndefined()
})
