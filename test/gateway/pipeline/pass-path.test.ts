import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { passPath, takeFromQuery } from '../../../gateway/pipeline/pass-path.ts'

test.each([
  ['/chat/completions', '/v1', '/v1/chat/completions'],
  ['/v1/chat/completions', '/v1', '/v1/chat/completions'],
  ['/v1', '/v1', '/v1'],
  ['/v1beta/models/g:generateContent', '/v1beta', '/v1beta/models/g:generateContent'],
  ['/v1/models/g:generateContent', '/v1beta', '/v1/models/g:generateContent'],
  ['/upload/v1beta/files', '/v1beta', '/upload/v1beta/files'],
  ['/v1/messages', '', '/v1/messages'],
  ['/openai/v1/models', '/openai/v1', '/openai/v1/models'],
  ['/v1/models', '/openai/v1', '/openai/v1/models'],
  ['/v2/x', '/team-a/v1', '/team-a/v2/x'],
  ['/v1alpha', '/v1', '/v1alpha'],
  ['/v10x-models/a', '/v1', '/v1/v10x-models/a'],
  ['/files/a%2Fb', '/v1', '/v1/files/a%2Fb'],
  ['/files/..a', '/v1', '/v1/files/..a'],
  ['//files', '/v1', '/v1//files'],
  ['/a%zz', '/v1', '/v1/a%zz'],
  ['/a%20b', '/v1', '/v1/a%20b'],
])('%s at %j is %s', (rest, basePath, path) => {
  expect(passPath(rest, basePath)).toBe(path)
})

test.each([
  '/../admin',
  '/v1/../../admin',
  '/v1/..',
  '/./a',
  '/%2e%2e/admin',
  '/%2E./admin',
  '/a%2f..%2fadmin',
  '/..%2fadmin',
  '/..%5cadmin',
  '/..\\admin',
  '/%252e%252e/admin',
  '/%25252e%25252e/admin',
  '/..;a=b/admin',
  '/a%00/b',
  '/a%0d%0ab',
  '/%2e%2e%ff/../x',
  '/%ff/%2e%2e/x',
  '/%2525252525252525',
])('%s is refused', (rest) => {
  expect(() => passPath(rest, '/team/v1')).toThrow('The path')
})

describe('whatever is asked', () => {
  const piece = fc.constantFrom('..', '.', '/', '%2e', '%2f', '%25', '\\', ';', 'v1', 'a', '%5C')
  test('what servers make of it stays below the base path', () => {
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        let path: string
        try {
          path = passPath(`/${pieces.join('')}`, '/team/v1')
        } catch {
          return
        }
        for (let round = 0; round < 4; round += 1) {
          const { pathname } = new URL(
            `http://h${path.replaceAll('\\', '/').replaceAll('//', '/')}`,
          )
          expect(pathname.startsWith('/team/')).toBe(true)
          path = path.replaceAll(/%([0-9a-f]{2})/gi, (_, hex: string) =>
            String.fromCharCode(Number.parseInt(hex, 16)),
          )
        }
      }),
    )
  })
})

test('a key is taken out of a query, the rest keeps its bytes', () => {
  expect(takeFromQuery('?alt=sse&key=a%2Bb&x=%20', 'key')).toEqual({
    query: '?alt=sse&x=%20',
    value: 'a+b',
  })
  expect(takeFromQuery('?k%65y=a&key=b', 'key')).toEqual({ query: '', value: 'a' })
  expect(takeFromQuery('?monkey=a', 'key')).toEqual({ query: '?monkey=a', value: undefined })
  expect(takeFromQuery('?key=a', undefined)).toEqual({ query: '?key=a', value: undefined })
})
