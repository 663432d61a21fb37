import {
  integer,
  listOf,
  mapOf,
  number,
  optional,
  ourBlock,
  text,
  type ValueOf,
} from './schema-parts.ts'

/** `30s`, `30m`, `12h`, `7d`, `2w`, `1mo`. */
export const durationPattern = String.raw`^[1-9][0-9]{0,5}(s|m|h|d|w|mo)$`

const mostDollars = 9_000_000

const dollars = (description: string) =>
  number({
    description,
    expected: `US dollars from 0 to ${mostDollars}`,
    maximum: mostDollars,
  })

const duration = (description: string) =>
  text({
    description,
    expected: 'a duration such as 30s, 30m, 12h, 7d or 1mo',
    pattern: durationPattern,
  })

const amounts = {
  rpm_limit: optional(integer({ description: 'Requests in any minute.' })),
  tpm_limit: optional(integer({ description: 'Tokens in any minute.' })),
  rpd_limit: optional(integer({ description: 'Requests in a calendar day.' })),
  tpd_limit: optional(integer({ description: 'Tokens in a calendar day.' })),
  max_parallel_requests: optional(integer({ description: 'Requests at once.' })),
  max_budget: optional(dollars('What may be spent, US dollars.')),
  soft_budget: optional(dollars('Spend from which on a warning is given, US dollars.')),
  budget_duration: optional(
    duration(
      'When spend begins anew: 1d at midnight, 7d on Monday, 30d and 1mo on the 1st; absent: never.',
    ),
  ),
  budget_limits: optional(
    listOf(
      ourBlock(
        {
          max_budget: dollars('What may be spent, US dollars.'),
          budget_duration: optional(duration('When it begins anew.')),
        },
        { description: 'One further budget.' },
      ),
      { description: 'Further budgets; all of them hold.' },
    ),
  ),
}

/** Limits and budgets by LiteLLM's names. */
export const callerLimitsSchema = ourBlock(
  {
    ...amounts,
    models: optional(
      mapOf(ourBlock(amounts, { description: 'Limits of one model.' }), {
        description: 'Limits by model name or pattern.',
      }),
    ),
  },
  { description: 'Limits and budgets of all callers of this module together.' },
)

export type CallerLimits = ValueOf<typeof callerLimitsSchema>
