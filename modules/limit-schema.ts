import {
  either,
  integer,
  listOf,
  oneOf,
  optional,
  ourBlock,
  secondsOrNone,
  text,
} from './schema-parts.ts'

const units = ['requests', 'tokens'] as const
const periods = ['minute', 'hour', 'day', 'week', 'month'] as const

/** One `quota`: what an upstream grants for a period. */
export const quotaSchema = ourBlock(
  {
    unit: oneOf(units, { description: 'What is counted.' }),
    amount: integer({
      description: 'How many of them a period has.',
      expected: 'a whole number from 1',
      minimum: 1,
    }),
    per: oneOf(periods, { description: 'The period.' }),
    resets: optional(
      text({
        description:
          'When a period begins: a time of day and its zone, or rolling. Default: rolling for a minute and an hour, 00:00 UTC for the others.',
        expected: 'rolling, or a time of day such as 00:00 or 00:00 America/Los_Angeles',
      }),
    ),
  },
  { description: 'What the upstream grants for a period.' },
)

export const quotasSchema = either(
  [quotaSchema, listOf(quotaSchema, { description: 'Several, all of which hold.' })],
  {
    description: 'What the upstream grants for a period, a free tier for instance; one or a list.',
    expected: 'unit, amount and per, or a list of such',
  },
)

export const defaultQueue = { maxWaitMs: 30_000, maxLength: 100 }

export const queueSchema = ourBlock(
  {
    max_wait: optional(
      secondsOrNone({
        description: 'Longest wait for a free place, seconds.',
        default: defaultQueue.maxWaitMs / 1000,
      }),
    ),
    max_length: optional(
      integer({
        description: 'Most callers that wait; 0: nobody waits.',
        maximum: 1_000_000,
        default: defaultQueue.maxLength,
      }),
    ),
  },
  { description: 'Callers wait for a free place rather than being refused.' },
)
