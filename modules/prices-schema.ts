import { either, mapOf, number, oneOf, optional, ourBlock } from './schema-parts.ts'

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

/** LiteLLM's `cost_discount_config`. */
export const discountsSchema = mapOf(
  number({ description: 'A part of 1.', expected: 'a number from 0 to 1', maximum: 1 }),
  {
    description: 'What is taken off the costs of a provider: 0.05 is five percent.',
    expected: 'providers, and a number from 0 to 1 for each',
  },
)

const share = number({
  description: 'A part of 1.',
  expected: 'a number from 0 to 1000',
  maximum: 1000,
})

/** LiteLLM's `cost_margin_config`. */
export const marginsSchema = mapOf(
  either(
    [
      share,
      ourBlock(
        {
          percentage: optional(share),
          fixed_amount: optional(
            number({
              description: 'US dollars a request.',
              expected: 'US dollars from 0 to 1000000',
              maximum: 1_000_000,
            }),
          ),
        },
        { description: 'A part of the cost, and an amount.' },
      ),
    ],
    {
      description: 'A part of the cost, or that and an amount.',
      expected: 'a number such as 0.1, or {percentage, fixed_amount}',
    },
  ),
  {
    description:
      'What is put on the costs of a provider, or of those without a margin of their own under `global`.',
    expected: 'providers or global, and a margin for each',
  },
)
