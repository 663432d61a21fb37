import { expect, test } from 'vitest'
import { createRedactor, readableLine } from '../../../scripts/local/log-line.ts'

test('a log entry becomes time, level, message, cause and fields', () => {
  const time = new Date(2030, 1, 2, 3, 4, 5).getTime()
  const entry = {
    level: 40,
    time,
    pid: 1,
    hostname: 'h',
    module: 'llm',
    msg: 'no answer',
    err: { message: 'refused' },
    port: 5,
    path: ['a'],
  }
  expect(readableLine(JSON.stringify(entry))).toBe(
    '03:04:05 warn no answer (refused) port=5 path=["a"]',
  )
})

test.each(['listening', '{"a": 1}', '{half', ''])(
  'what is no log entry stays as it is: %s',
  (line) => {
    expect(readableLine(line)).toBe(line)
  },
)

test('secrets are hidden wherever they stand; short values are no secrets', () => {
  const redact = createRedactor(() => ['sk-0123456789', 'no', ''])
  expect(redact('key=sk-0123456789&x=sk-0123456789 no')).toBe('key=•••&x=••• no')
})
