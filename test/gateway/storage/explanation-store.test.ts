import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { setUpStorage, untilConnected } from './set-up.ts'

const { given, open } = setUpStorage()

function row(module: string, callId: string, told: Record<string, unknown>) {
  return { id: randomUUID(), callId, module, explanation: JSON.stringify(told) }
}

test('an explanation is found by another replica, under its id and its call id', async () => {
  const [one, other] = [open(), open()]
  await Promise.all([untilConnected(one), untilConnected(other)])
  const kept = row('llm', 'call-1', { outcome: 'ok', odd: 'a\u0000b' })
  one.keepExplanation(() => kept)
  await one.findExplanation('llm', 'nothing')
  expect(await other.findExplanation('llm', 'call-1')).toEqual({ outcome: 'ok', odd: 'a\u0000b' })
  expect(await other.findExplanation('llm', kept.id)).toMatchObject({ outcome: 'ok' })
})

test('a module sees its own explanations only', async () => {
  const storage = open()
  await untilConnected(storage)
  storage.keepExplanation(() => row('llm', 'call-1', {}))
  expect(await storage.findExplanation('vision', 'call-1')).toBeUndefined()
  expect(await storage.findExplanation('llm', 'call-1')).toEqual({})
})

test('after an hour it is gone', async () => {
  const storage = open()
  await untilConnected(storage)
  storage.keepExplanation(() => row('llm', 'call-1', {}))
  await storage.findExplanation('llm', 'call-1')
  await given('database').query(
    "update colonnade.explanations set ended_at = now() - interval '61 minutes'",
  )
  expect(await storage.findExplanation('llm', 'call-1')).toBeUndefined()
})

test('explanations wait in memory while Postgres is away, the oldest making room', async () => {
  const storage = open()
  await untilConnected(storage)
  await given('postgres').stop()
  for (let count = 0; count < 2_500; count += 1)
    storage.keepExplanation(() => row('llm', `call-${count}`, { count }))
  expect(await storage.findExplanation('llm', 'call-2499')).toBeUndefined()
  await given('postgres').start()
  await untilConnected(storage)
  expect(await storage.findExplanation('llm', 'call-2499')).toEqual({ count: 2_499 })
  expect(await storage.findExplanation('llm', 'call-0')).toBeUndefined()
})

test('what was kept last is written when storage closes', async () => {
  const [one, other] = [open(), open()]
  await Promise.all([untilConnected(one), untilConnected(other)])
  one.keepExplanation(() => row('llm', 'call-1', { last: true }))
  await one.close({ deadlineMs: 2_000 })
  expect(await other.findExplanation('llm', 'call-1')).toEqual({ last: true })
})
