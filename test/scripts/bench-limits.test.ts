import { expect, test } from 'vitest'

import { printedLimits } from '../../scripts/bench/limits.ts'

test('the report says what each caller costs, and how much more than one that nothing limits', () => {
  const of = (cpuMicros: number) => ({ cpuMicros, rounds: [cpuMicros - 1, cpuMicros + 1] })
  const text = printedLimits({
    seconds: 2,
    rounds: 2,
    connections: 64,
    callers: {
      none: of(80),
      key: of(85.25),
      'all limits': of(95),
      'all limits, 10,000 keys': of(96),
    },
  })
  const rows = text.split('\n').map((line) => line.split(/ {2,}/))
  expect(rows).toContainEqual(['none', '80.0', '0.0', '79 81'])
  expect(rows).toContainEqual(['key', '85.3', '5.3', '84 86'])
  expect(rows).toContainEqual(['all limits, 10,000 keys', '96.0', '16.0', '95 97'])
})
