import { describe, expect, test } from 'vitest'
import { parseEnvText, withLine, withValue } from '../../infra/env-text.ts'

describe('reading', () => {
  test.each([
    ['A=1', '1'],
    ['export A=1', '1'],
    ['  A = spaced out  ', 'spaced out'],
    ['A="x # y" # why', 'x # y'],
    ["A='$B'", '$B'],
    ['A=pass#word', 'pass#word'],
    ['A=word # why', 'word'],
    ['A=1\r\nB=2\r\n', '1'],
    ['\uFEFFA=1', '1'],
    ['A="two\\nlines"', 'two\nlines'],
    ['A="{\n  1\n}"', '{\n  1\n}'],
    ['A="half', '"half'],
    ['A=', ''],
    ['A=""', ''],
    ['A= # nothing yet', ''],
    ['A=old\nA=new', 'new'],
    ['A=https://x/?a=b&c=d', 'https://x/?a=b&c=d'],
  ])('%j holds %j', (text, value) => {
    expect(parseEnvText(text)['A']).toBe(value)
  })

  test('comments and odd lines hold nothing', () => {
    expect(parseEnvText('# A=1\nnot a line\n1A=2\n\n')).toEqual({})
  })
})

describe('adding a value', () => {
  test.each([
    ['an empty line is filled', 'B=1\nA=\nC=2\n', 'B=1\nA=v\nC=2\n'],
    ['empty quotes are filled', 'export A=""\n', 'export A=v\n'],
    ['line ends stay as they are', 'A=\r\nB=1\r\n', 'A=v\r\nB=1\r\n'],
    ['a missing name goes last', 'B=1\r\n', 'B=1\r\nA=v\r\n'],
    ['a last line without an end gets one', 'B=1', 'B=1\nA=v\n'],
    ['a comment is not a line to fill', '# A=\n', '# A=\nA=v\n'],
  ])('%s', (_, before, after) => {
    expect(withValue(before, 'A', 'v')).toBe(after)
  })

  test('the first line of an empty text', () => {
    expect(withLine('', 'A=1')).toBe('A=1\n')
  })
})
