import { afterEach, beforeEach, expect, test, vi } from 'vitest'

import { giveBackMemory } from '../../gateway/give-back-memory.ts'

const mib = 1024 * 1024
let end: () => void

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  end()
  vi.useRealTimers()
})

function begin() {
  const here = { begun: 0, inFlight: 0, resident: 120 * mib, collected: 0 }
  end = giveBackMemory({
    work: here,
    resident: () => here.resident,
    collect() {
      here.collected += 1
      here.resident = 90 * mib
    },
  })
  return here
}

test('what starting took is given back once, as soon as nobody is served', () => {
  const here = begin()
  here.inFlight = 1
  vi.advanceTimersByTime(10_000)
  expect(here.collected).toBe(0)
  here.inFlight = 0
  vi.advanceTimersByTime(3_000)
  expect(here.collected).toBe(1)
  vi.advanceTimersByTime(600_000)
  expect(here.collected).toBe(1)
})

test('after work it is given back when it is worth it, and never between two requests', () => {
  const here = begin()
  vi.advanceTimersByTime(3_000)
  for (let request = 0; request < 20; request += 1) {
    here.begun += 1
    here.resident = 300 * mib
    vi.advanceTimersByTime(20_000)
  }
  expect(here.collected).toBe(1)
  vi.advanceTimersByTime(20_000)
  expect(here.collected).toBe(2)
  here.begun += 1
  here.resident = 120 * mib
  vi.advanceTimersByTime(600_000)
  expect(here.collected).toBe(2)
})

test('what nobody holds any more is gone after it', async () => {
  const held = { left: new WeakRef({ text: 'no longer needed' }) }
  vi.useRealTimers()
  // A reference just made is kept to the end of its turn.
  await new Promise((resolve) => setImmediate(resolve))
  vi.useFakeTimers()
  end = giveBackMemory({ work: { begun: 0, inFlight: 0 } })
  vi.advanceTimersByTime(3_000)
  expect(held.left.deref()).toBeUndefined()
})
