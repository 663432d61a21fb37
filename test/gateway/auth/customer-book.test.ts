import { afterEach, expect, test } from 'vitest'

import { CustomerBook } from '../../../gateway/auth/customer-book.ts'
import type { CustomerLimitsRow } from '../../../gateway/auth/read-customer.ts'
import { until } from '../../doubles/gateway.ts'

const row = (id: string, rpm_limit: number, isBlocked = false): CustomerLimitsRow => ({
  id,
  alias: null,
  isBlocked,
  settings: {},
  budget: { id: 'b', settings: { rpm_limit } },
})

let book: CustomerBook | undefined
afterEach(() => book?.close())

function open(rows: Map<string, CustomerLimitsRow>) {
  const here = { place: 'one' as string | undefined, isFailing: false, warned: 0 }
  const asked: (readonly string[] | undefined)[] = []
  let hear: (payload: string) => void = () => undefined
  book = new CustomerBook({
    source: {
      get place() {
        return here.place
      },
      findLimited(ids) {
        asked.push(ids)
        if (here.isFailing) return Promise.reject(new Error('away'))
        const all = [...rows.values()]
        return Promise.resolve(ids ? all.filter(({ id }) => ids.includes(id)) : all)
      },
    },
    notices: { listen: (_, handler) => ((hear = handler), () => undefined) },
    log: { warn: () => void (here.warned += 1) },
  })
  book.open({ timeZone: 'Europe/Berlin' })
  const found = (id: string) => book?.find(id)?.holder
  return { here, asked, found, hear: (payload: string) => hear(payload) }
}

test('knows those whom somebody limits, by what their budget says now', async () => {
  const rows = new Map([['ann', row('ann', 1)]])
  const { asked, found, hear } = open(rows)
  await until(() => found('ann') !== undefined)
  expect(found('ann')).toMatchObject({
    kind: 'customer',
    label: 'customer ann',
    timeZone: 'Europe/Berlin',
    limits: { requestsPerMinute: 1 },
  })
  expect(found('nobody')).toBeUndefined()
  rows.set('ann', row('ann', 2))
  hear('budgets b')
  await until(() => found('ann')?.limits.requestsPerMinute === 2)
  rows.delete('ann')
  hear('customers ann')
  await until(() => found('ann') === undefined)
  expect(asked.slice(1)).toEqual([['ann'], ['ann']])
})

test('goes by what it knew while the database is away, and reads all of it in another one', async () => {
  const rows = new Map([['ann', row('ann', 1)]])
  const { here, asked, found, hear } = open(rows)
  await until(() => found('ann') !== undefined)
  here.isFailing = true
  hear('customers ann')
  await until(() => here.warned > 0)
  expect(found('ann')).toBeDefined()
  here.isFailing = false
  rows.set('ben', row('ben', 5))
  here.place = 'another'
  await until(() => found('ben') !== undefined)
  expect(asked.at(-1)).toBeUndefined()
})
