import type { ToldLimit, UpstreamLimits } from '../limits/gate.ts'
import { durationOf, momentOf, wholeOf } from './read-amounts.ts'
import type { UpstreamHeaders } from './read-upstream-error.ts'

type Unit = keyof UpstreamLimits
type Period = NonNullable<ToldLimit['per']>
type Fact = 'limit' | 'remaining' | 'reset'

/** What an answer's headers tell of its upstream's limits; undefined: nothing. */
export function readLimits(headers: UpstreamHeaders, nowMs: number): UpstreamLimits | undefined {
  let reading: Reading | undefined
  let isGroq = false
  for (const key of Object.keys(headers)) {
    if (!mayTell(key)) continue
    if (key.startsWith('x-groq-')) isGroq = true
    const subject = subjectOf(key)
    const written = subject && headers[key]
    const value = typeof written === 'string' ? written : written?.[0]
    if (subject && value !== undefined)
      (reading ??= new Reading()).add(subject, value.trim(), nowMs)
  }
  return reading?.limits(isGroq ? groqPeriods : {})
}

/** Several things told of the same upstream, as one: of each unit the tightest. */
export function mergeLimits(
  told: readonly (UpstreamLimits | undefined)[],
): UpstreamLimits | undefined {
  const requests = tightest(told.flatMap((one) => one?.requests ?? []))
  const tokens = tightest(told.flatMap((one) => one?.tokens ?? []))
  if (requests === undefined && tokens === undefined) return undefined
  return { ...(requests && { requests }), ...(tokens && { tokens }) }
}

/** How long it takes until there is something left again of what is used up; undefined: nothing is said to be. */
export function usedUpMs(told: UpstreamLimits | undefined): number | undefined {
  const waits = [told?.requests, told?.tokens].flatMap((one) =>
    one?.remaining === 0 && one.resetsInMs !== undefined ? [one.resetsInMs] : [],
  )
  return waits.length === 0 ? undefined : Math.max(...waits)
}

function tightest(told: readonly ToldLimit[]): ToldLimit | undefined {
  const [first, ...others] = told
  return others.reduce<ToldLimit | undefined>(
    (tight, one) => (tight === undefined || isTighter(one, tight) ? one : tight),
    first,
  )
}

function isTighter(one: ToldLimit, other: ToldLimit): boolean {
  const less = (one.remaining ?? Infinity) - (other.remaining ?? Infinity)
  // NaN: neither says what remains.
  if (less === 0 || Number.isNaN(less)) return (one.resetsInMs ?? 0) > (other.resetsInMs ?? 0)
  return less < 0
}

// Groq names no period: its requests are those of a day, its tokens those of a minute.
const groqPeriods = { requests: 'day', tokens: 'minute' } as const

// Most answers tell nothing: one look at the first letters must do for their headers.
function mayTell(key: string): boolean {
  const first = key.charCodeAt(0)
  if (first === 0x78) return key.startsWith('x-ratelimit') || key.startsWith('x-groq-')
  if (first === 0x72) return key.startsWith('ratelimit')
  return first === 0x61 && key.startsWith('anthropic-ratelimit-')
}

interface Subject {
  /** Facts of the same amount have the same name. */
  readonly amount: string
  readonly unit: Unit
  readonly fact: Fact
  readonly per: Period | undefined
}

// OpenAI x-ratelimit-remaining-tokens, Cerebras …-requests-day, Mistral …-req-minute and …bysize-…, OpenRouter x-ratelimit-reset.
const general =
  /^(?:x-)?ratelimit(bysize)?-(limit|remaining|reset)(?:-(requests|req|tokens))?(?:-(minute|hour|day|month))?$/
const anthropic =
  /^anthropic-ratelimit-(requests|tokens|input-tokens|output-tokens)-(limit|remaining|reset)$/

const units: Readonly<Record<string, Unit>> = {
  requests: 'requests',
  req: 'requests',
  tokens: 'tokens',
  'input-tokens': 'tokens',
  'output-tokens': 'tokens',
  bysize: 'tokens',
}

// Every name these two take is known after a few answers; there are less than a hundred.
const subjects = new Map<string, Subject>()

function subjectOf(key: string): Subject | undefined {
  const known = subjects.get(key)
  if (known) return known
  const subject = generalSubject(key) ?? anthropicSubject(key)
  if (subject) subjects.set(key, subject)
  return subject
}

function generalSubject(key: string): Subject | undefined {
  const [, bySize, fact, unit, per] = general.exec(key) ?? []
  if (!isFact(fact)) return undefined
  const written = unit ?? bySize ?? 'requests'
  return {
    amount: `${written} ${per}`,
    fact,
    unit: units[written] ?? 'requests',
    per: periodOf(per),
  }
}

function anthropicSubject(key: string): Subject | undefined {
  const [, unit = '', fact] = anthropic.exec(key) ?? []
  const counted = units[unit]
  if (counted === undefined || !isFact(fact)) return undefined
  return { amount: `anthropic ${unit}`, fact, unit: counted, per: 'minute' }
}

function isFact(word: string | undefined): word is Fact {
  return word === 'limit' || word === 'remaining' || word === 'reset'
}

/** A word for a period, as upstreams write it. */
export function periodOf(word: string | undefined): Period | undefined {
  if (word === undefined) return undefined
  if (word.startsWith('min')) return 'minute'
  return word === 'hour' || word === 'day' || word === 'month' ? word : undefined
}

type Draft = { -readonly [key in keyof ToldLimit]: ToldLimit[key] } & { readonly unit: Unit }

class Reading {
  readonly #drafts = new Map<string, Draft>()

  add(subject: Subject, value: string, nowMs: number): void {
    const draft = this.#draft(subject)
    const { fact } = subject
    if (fact === 'limit') draft.limit = wholeOf(value)
    else if (fact === 'remaining') draft.remaining = wholeOf(value)
    else draft.resetsInMs = momentOf(value, nowMs) ?? durationOf(value)
  }

  limits(periods: Readonly<Partial<Record<Unit, Period>>>): UpstreamLimits | undefined {
    const told = [...this.#drafts.values()].flatMap(({ unit, ...draft }) =>
      isSaying(draft) ? [{ [unit]: { per: periods[unit], ...draft } }] : [],
    )
    return mergeLimits(told)
  }

  #draft({ amount, unit, per }: Subject): Draft {
    const known = this.#drafts.get(amount)
    if (known) return known
    const draft: Draft = { unit, ...(per && { per }) }
    this.#drafts.set(amount, draft)
    return draft
  }
}

function isSaying({ limit, remaining, resetsInMs }: ToldLimit): boolean {
  return limit !== undefined || remaining !== undefined || resetsInMs !== undefined
}
