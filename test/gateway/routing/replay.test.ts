import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'

import { decide } from '../../../gateway/routing/decide.ts'
import type { Decision, DecisionInput } from '../../../gateway/routing/decision.ts'

interface Recorded {
  readonly input: DecisionInput
  readonly decision: Decision
}

const folder = path.join(import.meta.dirname, '../../fixtures/decisions')
const recordings = globSync('*.json', { cwd: folder }).toSorted((a, b) => a.localeCompare(b))

test('there are recordings', () => {
  expect(recordings.length).toBeGreaterThan(10)
})

// A change of these is a change of where requests go: it belongs into the changelog.
test.each(recordings)('%s is decided as it was recorded', (name) => {
  const { input, decision }: Recorded = JSON.parse(readFileSync(path.join(folder, name), 'utf8'))
  expect(decide(input)).toEqual(decision)
})
