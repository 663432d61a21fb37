import { describe, expect, test } from 'vitest'

import { AccessBook, type BookRules } from '../../../gateway/auth/access-book.ts'
import type { AccessRow } from '../../../gateway/auth/access-row.ts'
import { GatewayError } from '../../../gateway/errors/gateway-error.ts'
import { accessRow, owner } from './access-rows.ts'

const idOf = (letter: string): string => letter.repeat(64)
const calm: BookRules = { onDatabaseOutage: 'lease', maxKeyStalenessMs: 60_000, timeZone: 'UTC' }

/** A database, a line of notices and a clock, played. */
function setUp({ rules = calm, mostKeys = 100 }: { rules?: BookRules; mostKeys?: number } = {}) {
  const rows = new Map<string, AccessRow>()
  const asked: string[][] = []
  const here = {
    rows,
    asked,
    now: 0,
    isAlive: true,
    isAway: false,
    /** Held back until it is called. */
    hold: undefined as Promise<void> | undefined,
    tell: (payload: string): void => void payload,
    miss: (): void => undefined,
  }
  const away = () => new GatewayError('storage_unavailable', 'away')
  const book = new AccessBook({
    source: {
      isConfigured: true,
      get place() {
        return here.isAway ? undefined : 'db'
      },
      awayBecause: 'connection refused',
      async find(ids) {
        asked.push([...ids])
        if (here.isAway) throw away()
        const found = ids.flatMap((id) => rows.get(id) ?? [])
        await here.hold
        return found
      },
      findRecent: () => Promise.resolve([]),
    },
    notices: {
      get isAlive() {
        return here.isAlive
      },
      mode: 'listening',
      listen(_, handler, onMissed) {
        here.tell = handler
        here.miss = onMissed
        return () => undefined
      },
    },
    now: () => here.now,
    mostKeys,
  })
  book.open(rules)
  const add = (id: string, changes: Partial<AccessRow> = {}): void => {
    rows.set(id, accessRow({ id, ...changes }))
  }
  // The first sign of life begins an era, in which everything is read again.
  const settle = () => new Promise((resolve) => setTimeout(resolve, 300))
  return Object.assign(here, { book, add, settle })
}

const codeOf = async (find: () => unknown): Promise<string> => {
  try {
    await find()
    return 'ok'
  } catch (error) {
    return error instanceof GatewayError ? error.code : String(error)
  }
}

test('a key costs one look-up, however many ask at once, and none afterwards', async () => {
  const here = setUp()
  await here.settle()
  here.add(idOf('a'))
  here.add(idOf('b'))
  const ids = [idOf('a'), idOf('a'), idOf('b')]
  await Promise.all(ids.map(async (id) => here.book.find(id)))
  expect(here.asked).toEqual([[idOf('a'), idOf('b')]])
  expect(here.book.find(idOf('a'))).not.toBeInstanceOf(Promise)
  here.book.close()
})

test('that a key is unknown is remembered for a second, or until it is made', async () => {
  const here = setUp()
  const find = () => codeOf(() => here.book.find(idOf('a')))
  expect(await find()).toBe('invalid_api_key')
  expect(await find()).toBe('invalid_api_key')
  expect(here.asked).toHaveLength(1)
  here.now += 1001
  expect(await find()).toBe('invalid_api_key')
  expect(here.asked).toHaveLength(2)
  here.add(idOf('a'))
  here.tell(`keys ${idOf('a')}`)
  expect(await find()).toBe('ok')
  here.book.close()
})

describe('a notice', () => {
  test.each([
    ['keys', idOf('a')],
    ['teams', 'team with spaces'],
    ['users', 'u'],
    ['members', 'u'],
    ['budgets', 'b'],
    ['budgets', 'mb'],
  ])('of a change in %s %s drops the key that hangs on it', async (table, id) => {
    const here = setUp()
    await here.settle()
    here.add(idOf('a'), {
      team: owner('team with spaces'),
      user: owner('u'),
      budget: { id: 'b', settings: {} },
      member: { settings: {}, budget: { id: 'mb', settings: {} } },
    })
    here.add(idOf('b'), { team: owner('other') })
    await here.book.find(idOf('a'))
    await here.book.find(idOf('b'))
    here.tell(`${table} ${id}`)
    expect(here.book.find(idOf('b'))).not.toBeInstanceOf(Promise)
    const again = here.book.find(idOf('a'))
    expect(again).toBeInstanceOf(Promise)
    await again
    here.book.close()
  })

  test('that comes while a key is being read has it read once more', async () => {
    const here = setUp()
    await here.settle()
    here.add(idOf('a'), { team: owner('t') })
    const held = Promise.withResolvers<undefined>()
    here.hold = held.promise.then(() => undefined)
    const found = here.book.find(idOf('a'))
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
    here.add(idOf('a'), { team: { ...owner('t'), isBlocked: true } })
    here.tell('teams t')
    held.resolve(undefined)
    expect((await found).access?.blocked).toBe('team t')
    here.book.close()
  })
})

describe('while Postgres is away', () => {
  const outage = async (rules: BookRules) => {
    const here = setUp({ rules })
    await here.settle()
    here.add(idOf('a'))
    await here.book.find(idOf('a'))
    here.isAlive = false
    here.isAway = true
    return here
  }

  test.each(['lease', 'allow'] as const)(
    'under %s a known key goes on for as long as is said, and no longer',
    async (onDatabaseOutage) => {
      const here = await outage({ ...calm, onDatabaseOutage })
      here.now += 60_000
      expect(here.book.find(idOf('a'))).not.toBeInstanceOf(Promise)
      here.now += 1
      expect(await codeOf(() => here.book.find(idOf('a')))).toBe('storage_unavailable')
      here.book.close()
    },
  )

  test('under deny it is refused, and the reason is said', async () => {
    const here = await outage({ ...calm, onDatabaseOutage: 'deny' })
    expect(() => here.book.find(idOf('a'))).toThrow(/database is away \(connection refused\)/)
    here.book.close()
  })

  test('an unknown key is not called wrong', async () => {
    const here = await outage(calm)
    expect(await codeOf(() => here.book.find(idOf('b')))).toBe('storage_unavailable')
    here.book.close()
  })

  test('what was missed is read again before it is believed', async () => {
    const here = await outage(calm)
    here.rows.delete(idOf('a'))
    here.isAway = false
    here.miss()
    expect(await codeOf(() => here.book.find(idOf('a')))).toBe('invalid_api_key')
    here.book.close()
  })

  test('staleness counts from when changes were last heard of, through a second outage too', async () => {
    const here = await outage(calm)
    here.now += 30_000
    here.miss()
    expect(await codeOf(() => here.book.find(idOf('a')))).toBe('ok')
    here.now += 30_001
    expect(await codeOf(() => here.book.find(idOf('a')))).toBe('storage_unavailable')
    here.book.close()
  })
})

test('under deny each key is looked up while nobody tells of changes', async () => {
  const here = setUp({ rules: { ...calm, onDatabaseOutage: 'deny' } })
  await here.settle()
  here.add(idOf('a'))
  await here.book.find(idOf('a'))
  here.isAlive = false
  here.rows.delete(idOf('a'))
  expect(await codeOf(() => here.book.find(idOf('a')))).toBe('invalid_api_key')
  here.book.close()
})

test('of too many keys those that are used stay', async () => {
  const here = setUp({ mostKeys: 3 })
  await here.settle()
  for (const letter of 'abcdef') here.add(idOf(letter))
  for (const letter of 'abc') await here.book.find(idOf(letter))
  await here.book.find(idOf('a'))
  for (const letter of 'def') {
    await here.book.find(idOf(letter))
    expect(here.book.find(idOf('a'))).not.toBeInstanceOf(Promise)
  }
  expect(here.book.state.known).toBe(3)
  here.book.close()
})
