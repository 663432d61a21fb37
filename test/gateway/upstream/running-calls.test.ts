import { expect, test } from 'vitest'

import { GatewayError } from '../../../gateway/errors/gateway-error.ts'
import { RunningCalls } from '../../../gateway/upstream/running-calls.ts'

const over = new GatewayError('shutting_down', 'over')

test('calls under way are ended, calls taken out are not', () => {
  const { calls, start, ended } = createCalls()
  start('first')
  calls.remove(start('second'))
  start('third')
  calls.failAll(over)
  expect(ended).toEqual(['first', 'third'])
})

test('a place that was left is taken by the next call', () => {
  const { calls, start, ended } = createCalls()
  const place = start('first')
  calls.remove(place)
  expect(start('second')).toBe(place)
  calls.failAll(over)
  expect(ended).toEqual(['second'])
})

test('a call may take itself out while all are ended', () => {
  const { calls, start, ended } = createCalls()
  const place = calls.add({
    fail: () => {
      calls.remove(place)
      ended.push('leaving')
    },
  })
  start('staying')
  calls.failAll(over)
  calls.failAll(over)
  expect(ended).toEqual(['leaving', 'staying', 'staying'])
})

function createCalls() {
  const calls = new RunningCalls()
  const ended: string[] = []
  const start = (name: string): number => calls.add({ fail: () => void ended.push(name) })
  return { calls, start, ended }
}
