import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'

import type { Storage } from '../../../gateway/storage/storage.ts'
import { setUpStorage, until, untilConnected } from './set-up.ts'

const { given, open } = setUpStorage()

const owner = { module: 'llm', caller: 'key-1' }
const hour = 3_600_000

function turn(id: string, previousId?: string) {
  return { ...owner, id, previousId, input: [{ said: `to ${id}` }], response: { id, output: [] } }
}

async function connected(): Promise<Storage> {
  const storage = open()
  await untilConnected(storage)
  return storage
}

test('a response is found by every replica, with all it goes on from, oldest first', async () => {
  const [one, other] = await Promise.all([connected(), connected()])
  expect(await one.responses.keep(turn('a'), hour)).toBe(true)
  expect(await other.responses.keep(turn('b', 'a'), hour)).toBe(true)
  expect(await one.responses.keep(turn('c', 'b'), hour)).toBe(true)
  const found = await other.responses.findConversation(owner, 'c')
  expect(found.map(({ id, previousId }) => [id, previousId])).toEqual([
    ['a', undefined],
    ['b', 'a'],
    ['c', 'b'],
  ])
  expect(found[0]).toEqual({
    id: 'a',
    previousId: undefined,
    input: [{ said: 'to a' }],
    response: { id: 'a', output: [] },
  })
  expect((await other.responses.find(owner, ['a', 'c', 'x'])).map(({ id }) => id).sort()).toEqual([
    'a',
    'c',
  ])
})

test('another key, or another module, finds and removes nothing', async () => {
  const { responses } = await connected()
  await responses.keep(turn('a'), hour)
  for (const stranger of [
    { module: 'llm', caller: 'key-2' },
    { module: 'vision', caller: 'key-1' },
  ]) {
    expect(await responses.find(stranger, ['a'])).toEqual([])
    expect(await responses.findConversation(stranger, 'a')).toEqual([])
    expect(await responses.remove(stranger, 'a')).toBe(false)
  }
  // Nor does one who goes on from a response that is not its own see what came before.
  await responses.keep({ ...turn('mine', 'a'), caller: 'key-2' }, hour)
  const seen = await responses.findConversation({ module: 'llm', caller: 'key-2' }, 'mine')
  expect(seen.map(({ id }) => id)).toEqual(['mine'])
})

test('what is removed is gone, and what went on from it says so', async () => {
  const { responses } = await connected()
  await responses.keep(turn('a'), hour)
  await responses.keep(turn('b', 'a'), hour)
  expect(await responses.remove(owner, 'a')).toBe(true)
  expect(await responses.remove(owner, 'a')).toBe(false)
  const [first] = await responses.findConversation(owner, 'b')
  expect(first).toMatchObject({ id: 'b', previousId: 'a' })
})

test('its time over, a response is gone; what a later one needs of it stays as long as that', async () => {
  const storage = await connected()
  const { responses } = storage
  await responses.keep(turn('alone'), 1)
  await responses.keep(turn('a'), 1)
  await responses.keep(turn('b', 'a'), 1)
  await responses.keep(turn('c', 'b'), 3_000)
  await sleep(20)
  expect(await responses.find(owner, ['alone', 'a', 'b'])).toEqual([])
  expect(await responses.findConversation(owner, 'b')).toEqual([])
  expect(await responses.findConversation(owner, 'c')).toHaveLength(3)
  const stored = async () => {
    await storage.responses.removeExpired()
    const [row] = await given('database').query(
      "select coalesce(string_agg(id, ' ' order by id), '') as ids from colonnade.responses",
    )
    return row?.['ids']
  }
  expect(await stored()).toBe('a b c')
  await until(async () => (await stored()) === '')
})

test('texts that Postgres does not take as text come back as they were', async () => {
  const { responses } = await connected()
  const odd = 'a\u0000b\ud800c"\\'
  await responses.keep({ ...turn('a'), input: [odd], response: { odd } }, hour)
  expect(await responses.findConversation(owner, 'a')).toMatchObject([
    { input: [odd], response: { odd } },
  ])
})

test('without a database nothing is kept, and whoever asks is told', async () => {
  const { responses } = open({ databaseUrl: () => undefined })
  expect(await responses.keep(turn('a'), hour)).toBe(false)
  await expect(responses.findConversation(owner, 'a')).rejects.toMatchObject({
    code: 'storage_unavailable',
  })
})
