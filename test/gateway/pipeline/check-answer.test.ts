import { expect, test } from 'vitest'
import { checkAnswer } from '../../../gateway/pipeline/body-readers.ts'

const chat = { answerList: 'choices' } as const
const check = (text: string, endpoint: Parameters<typeof checkAnswer>[1] = chat): string =>
  checkAnswer(Buffer.from(text), endpoint, 'asked').bytes.toString()

test.each([
  ['{"model":"theirs","choices":[]}', '{"model":"asked","choices":[]}'],
  [
    '{ "choices" : [ ] , "mod\\u0065l" : "theirs" }',
    '{ "choices" : [ ] , "mod\\u0065l" : "asked" }',
  ],
  ['{"choices":[{"model":"inner"}]}', '{"choices":[{"model":"inner"}]}'],
  ['{"choices":[],"error":null}', '{"choices":[],"error":null}'],
  ['{"choices":[],"error":{"message":"beside"}}', '{"choices":[],"error":{"message":"beside"}}'],
  [
    '{"choices":[],"big":12345678901234567890,"one":1.0}',
    '{"choices":[],"big":12345678901234567890,"one":1.0}',
  ],
])('%s is passed on as %s', (text, passed) => {
  expect(check(text)).toBe(passed)
})

test.each([
  ['', 'upstream_nonsense'],
  ['{"choices":[]', 'upstream_nonsense'],
  ['{"choices":[],"x":NaN}', 'upstream_nonsense'],
  ['[]', 'upstream_nonsense'],
  ['"text"', 'upstream_nonsense'],
  ['{}', 'upstream_nonsense'],
  ['{"choices":{}}', 'upstream_nonsense'],
  [`{"choices":[],"deep":${'['.repeat(200)}${']'.repeat(200)}}`, 'upstream_nonsense'],
  ['{"error":{"message":"no"}}', 'upstream_failed'],
  ['{"error":"no"}', 'upstream_failed'],
])('%s is %s', (text, code) => {
  expect(() => check(text)).toThrow(expect.objectContaining({ code }))
})
