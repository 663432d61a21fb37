import { expect, test } from 'vitest'

import { mediaTypeOf } from '../../../gateway/upstream/fetch-type.ts'

const latin = (text: string) => Buffer.from(text, 'latin1')

test.each([
  ['\x89PNG\r\n\x1a\n....', 'image/png'],
  ['\xff\xd8\xff\xe0....', 'image/jpeg'],
  ['GIF89a....', 'image/gif'],
  ['RIFF\0\0\0\0WEBPVP8 ', 'image/webp'],
  ['RIFF\0\0\0\0WAVEfmt ', 'audio/wav'],
  ['\0\0\0\x20ftypavif', 'image/avif'],
  ['\0\0\0\x20ftypheic', 'image/heic'],
  ['\0\0\0\x20ftypM4A ', 'audio/mp4'],
  ['\0\0\0\x20ftypisom', 'video/mp4'],
  ['%PDF-1.7', 'application/pdf'],
  ['ID3\x04', 'audio/mpeg'],
  ['\xff\xfb\x90\x64', 'audio/mpeg'],
  ['OggS\0', 'audio/ogg'],
  ['fLaC\0', 'audio/flac'],
])('%j is %s, whatever its server says', (bytes, type) => {
  expect(mediaTypeOf(latin(bytes), 'text/html')).toBe(type)
  expect(mediaTypeOf(latin(bytes), undefined)).toBe(type)
})

test('a text is what its server says, as long as it is text', () => {
  expect(mediaTypeOf(Buffer.from('Grüße'), 'Text/Markdown; charset=utf-8')).toBe('text/markdown')
  expect(mediaTypeOf(Buffer.from('{}'), 'application/json')).toBe('application/json')
  expect(mediaTypeOf(Buffer.from('BMW builds'), 'text/plain')).toBe('text/plain')
  expect(mediaTypeOf(latin('Gr\xfc\xdfe'), 'text/plain')).toBeUndefined()
  expect(mediaTypeOf(Buffer.from('a\0b'), 'text/plain')).toBeUndefined()
})

test('a name alone makes nothing a picture', () => {
  expect(mediaTypeOf(Buffer.from('<svg/>'), 'image/svg+xml')).toBeUndefined()
  expect(mediaTypeOf(Buffer.from('<html>'), 'image/png')).toBeUndefined()
  expect(mediaTypeOf(Buffer.alloc(0), 'image/png')).toBeUndefined()
})
