import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { CallClock, type Clocked } from '../../../gateway/upstream/call-clock.ts'

beforeEach(() => vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] }))
afterEach(() => vi.useRealTimers())

const ms = 1000

function watching(clock: CallClock, names: string, onCheck?: (name: string) => void) {
  const checked: string[] = []
  const calls = new Map<string, Clocked>()
  for (const name of names) {
    const call: Clocked = {
      place: -1,
      check: () => {
        checked.push(name)
        onCheck?.(name)
      },
    }
    calls.set(name, call)
    clock.watch(call)
  }
  const of = (name: string): Clocked => {
    const call = calls.get(name)
    if (!call) throw new Error(`no call ${name}`)
    return call
  }
  return { of, takeChecked: () => checked.splice(0).toSorted().join('') }
}

test('who is watched is looked at each tick until it is forgotten, whoever else comes and goes', () => {
  const clock = new CallClock()
  const { of, takeChecked } = watching(clock, 'abcde')
  vi.advanceTimersByTime(20)
  expect(takeChecked()).toBe('abcde')
  for (const name of 'aec') clock.forget(of(name))
  clock.forget(of('a'))
  vi.advanceTimersByTime(20)
  expect(takeChecked()).toBe('bd')
  clock.watch(of('a'))
  vi.advanceTimersByTime(20)
  expect(takeChecked()).toBe('abd')
})

test('one that is forgotten because its time is over keeps no other from being looked at', () => {
  const clock = new CallClock()
  const calls = watching(clock, 'abcde', (name) => {
    if ('ace'.includes(name)) clock.forget(calls.of(name))
  })
  vi.advanceTimersByTime(20)
  expect(calls.takeChecked()).toBe('abcde')
  vi.advanceTimersByTime(20)
  expect(calls.takeChecked()).toBe('bd')
})

test('with nobody to watch it does not tick, and begins again for the next one', () => {
  const clock = new CallClock()
  const { of, takeChecked } = watching(clock, 'a')
  clock.forget(of('a'))
  vi.advanceTimersByTime(ms)
  expect(vi.getTimerCount()).toBe(0)
  clock.watch(of('a'))
  vi.advanceTimersByTime(20)
  expect(takeChecked()).toBe('a')
})
