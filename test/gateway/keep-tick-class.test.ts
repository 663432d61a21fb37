import { executionAsyncResource } from 'node:async_hooks'
import { expect, test } from 'vitest'
import { keepTickClass } from '../../gateway/keep-tick-class.ts'

test('what is kept is what Node makes for a tick', async () => {
  const kept = keepTickClass()
  const another = await new Promise<object>((resolve) => {
    process.nextTick(() => resolve(executionAsyncResource()))
  })
  const [one] = kept
  expect(one).not.toBe(another)
  expect(Object.keys(another)).toContain('callback')
  expect(Reflect.ownKeys(one ?? {})).toEqual(Reflect.ownKeys(another))
})
