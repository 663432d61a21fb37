import { number, oneOf, optional, ourBlock } from './schema-parts.ts'

/** What is done about a model that nobody knows the price of. */
export const unpricedWords = ['warn', 'refuse', 'free'] as const

export const pricesSchema = ourBlock(
  {
    unpriced: optional(
      oneOf(unpricedWords, {
        description: 'What is done about a model of a vendor that nobody knows the price of.',
        default: 'warn',
      }),
    ),
    price_per_kwh: optional(
      number({
        description: 'USD a kilowatt-hour, for deployments that name their watts.',
        expected: 'a number of USD',
      }),
    ),
  },
  { description: 'What is paid where no price list says so.' },
)
