import { describe, expect, test } from 'vitest'

import { costOf } from '../../../gateway/accounting/cost.ts'
import { toNano } from '../../../gateway/accounting/money.ts'
import { PriceBook } from '../../../gateway/accounting/price-book.ts'
import { Pricing } from '../../../gateway/accounting/pricing.ts'
import { goldenCosts, type GoldenCost } from './golden-prices.ts'

const { find } = new PriceBook()

function priceFor({ model: name, deployment, picture, usage }: GoldenCost) {
  const [provider = '', ...rest] = name.split('/')
  const model = rest.join('/')
  const priced = { provider, own: {}, isLocal: false, ...deployment }
  const pricing = new Pricing(priced, model, { unpriced: 'warn', find })
  return picture ? pricing.ofPicture(model, picture) : pricing.of(model, usage.answeredModel)
}

describe('the golden table', () => {
  test('has at least forty requests', () => {
    expect(goldenCosts.length).toBeGreaterThanOrEqual(40)
  })

  test.each(goldenCosts.map((row) => ({ ...row, name: `${row.model}: ${row.about}` })))(
    '$name',
    (row) => {
      const price = priceFor(row)
      const facts = { secondsOf: 'call', callSeconds: 7, ...row.facts } as const
      const cost = price && costOf(price, row.usage, facts)
      expect(cost?.total).toBe(toNano(row.cost))
    },
  )

  test.each(goldenCosts.filter(({ from }) => !/file|nowhere/.test(from)))(
    'the list has the line it goes by: $from',
    ({ from }) => {
      expect(find(from)).toBeDefined()
    },
  )
})
