import fc from 'fast-check'
import { expect, test } from 'vitest'

import { findText, swapLinks } from '../../../gateway/pipeline/inline-links.ts'

const url = 'https://files.example/a'
const chat = (part: unknown) => ({
  temperature: 1,
  messages: [
    { role: 'system', content: 'x' },
    { role: 'user', content: [part] },
  ],
})

test.each([
  [{ type: 'image_url', image_url: { url, detail: 'low' } }, 'picture', 'image_url.url'],
  [{ type: 'image_url', image_url: url }, 'picture', 'image_url'],
  [{ type: 'video_url', video_url: { url } }, 'film', 'video_url.url'],
  [{ type: 'audio_url', audio_url: { url } }, 'sound', 'audio_url.url'],
  [{ type: 'input_audio', input_audio: { data: url, format: 'wav' } }, 'sound', 'input_audio.data'],
  [{ type: 'file', file: { file_data: url, filename: 'a' } }, 'document', 'file.file_data'],
  [{ type: 'file', file: { file_id: url } }, 'document', 'file.file_id'],
])('%j is a %s', (part, kind, path) => {
  const seen: unknown[] = []
  const swapped = swapLinks(chat(part), (file, at) => {
    seen.push({ ...file, at })
    return 'data:x'
  })
  expect(seen).toEqual([{ kind, url, at: `messages[1].content[0].${path}` }])
  expect(findText(swapped, 'data:x')).toBeDefined()
  expect(findText(swapped, url)).toBeUndefined()
  expect(findText(chat(part), url)).toBe(`messages[1].content[0].${path}`)
})

test('what is no address, or stays, is the very same', () => {
  const data = chat({ type: 'image_url', image_url: { url: 'data:image/png;base64,AA' } })
  expect(swapLinks(data, () => 'never')).toBe(data)
  const linked = chat({ type: 'image_url', image_url: { url } })
  expect(swapLinks(linked, () => undefined)).toBe(linked)
})

test('whatever is asked, nothing but addresses changes, and nothing is thrown', () => {
  const text = fc.oneof(fc.string(), fc.constant(url))
  const part = fc.record(
    {
      type: fc.constantFrom('image_url', 'file', 'input_audio', 'text', 'toString', ''),
      image_url: fc.oneof(text, fc.record({ url: fc.oneof(text, fc.jsonValue()) }), fc.jsonValue()),
      file: fc.oneof(fc.record({ file_data: text }), fc.record({ file_id: text }), fc.jsonValue()),
      input_audio: fc.oneof(fc.record({ data: text }), fc.jsonValue()),
    },
    { requiredKeys: [] },
  )
  const content = fc.oneof(fc.array(fc.oneof(part, fc.jsonValue())), fc.jsonValue())
  const message = fc.oneof(fc.record({ content }), fc.jsonValue())
  const messages = fc.oneof(fc.array(message), fc.jsonValue())
  fc.assert(
    fc.property(messages, (value) => {
      const before = JSON.stringify({ messages: value })
      const swapped = swapLinks({ messages: value }, () => url)
      // A file named by its id holds its data afterwards.
      if (!before.includes('"file_id"')) expect(JSON.stringify(swapped)).toBe(before)
      expect(JSON.stringify({ messages: value })).toBe(before)
    }),
  )
})
