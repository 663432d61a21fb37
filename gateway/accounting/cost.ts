import { onTerms, sumOfChanges, type CostChange } from './discount.ts'
import { wholeNano, type Nanodollars } from './money.ts'
import type { Price } from './price.ts'
import type { FindSteps, RateStep, TokenRates } from './price-rates.ts'
import type { Usage } from './usage.ts'

/** What one exchange cost, in billionths of a dollar: the parts, and their sum. */
export interface Cost {
  readonly total: Nanodollars
  /** Tokens of the prompt that no cache had. */
  readonly input: Nanodollars
  readonly cacheRead: Nanodollars
  readonly cacheWrite: Nanodollars
  readonly output: Nanodollars
  /** Pictures, seconds, characters, searches, requests. */
  readonly units: Nanodollars
  /** Absent: nothing was taken off or put on. */
  readonly change?: CostChange | undefined
}

/** What beside usage a price goes by. */
export interface CostFacts {
  /** What seconds are of: of `sound`, or of the `call` itself. */
  readonly secondsOf: 'sound' | 'call'
  /** How long the call took, seconds. */
  readonly callSeconds: number
  /** The tokens of its answers are those of pictures. */
  readonly isImage?: boolean
  readonly tier?: string | undefined
  /** When the request came, Unix milliseconds. */
  readonly atMs?: number | undefined
  /** Of one picture. */
  readonly pixels?: number | undefined
  /** Of searches in the web: `low`, `medium`, `high`. */
  readonly searchSize?: string | undefined
}

/** What usage costs at a price. Each part is rounded to a whole billionth, so the total is their exact sum. */
export function costOf(price: Price, usage: Usage, facts: CostFacts): Cost {
  const tokens = price.stepsOf && tokensOf(usage, facts)
  const steps = stepsAt(price, facts.atMs)?.(usage.serviceTier ?? facts.tier ?? '')
  const rates = tokens && steps && ratesFor(steps, tokens.prompt)
  const paid = rates && tokens ? payTokens(tokens, rates) : noTokens
  const units = wholeNano(unitsOf(price, usage, facts, paid !== noTokens && isPaid(paid)))
  const { input, cacheRead, cacheWrite, output } = paid
  const total = wholeNano(input + cacheRead + cacheWrite + output + units)
  return onTerms({ total, input, cacheRead, cacheWrite, output, units }, price.terms)
}

/** What two attempts cost together. */
export function sumOfCosts(a: Cost, b: Cost): Cost {
  return {
    total: a.total + b.total,
    input: a.input + b.input,
    cacheRead: a.cacheRead + b.cacheRead,
    cacheWrite: a.cacheWrite + b.cacheWrite,
    output: a.output + b.output,
    units: a.units + b.units,
    change: sumOfChanges(a, b),
  }
}

function stepsAt({ stepsOf, offPeak }: Price, atMs: number | undefined): FindSteps | undefined {
  return offPeak && atMs !== undefined && offPeak.isWithin(atMs) ? offPeak.stepsOf : stepsOf
}

/** Tokens by kind, none counted twice. */
interface Tokens {
  readonly prompt: number
  readonly text: number
  readonly cacheRead: number
  readonly cacheWrite: number
  readonly cacheWriteHour: number
  readonly audioInput: number
  readonly imageInput: number
  readonly output: number
  readonly reasoning: number
  readonly audioOutput: number
  readonly imageOutput: number
}

type Paid = Pick<Cost, 'input' | 'cacheRead' | 'cacheWrite' | 'output'>

const noTokens: Paid = { input: 0, cacheRead: 0, cacheWrite: 0, output: 0 }

function isPaid({ input, cacheRead, cacheWrite, output }: Paid): boolean {
  return input + cacheRead + cacheWrite + output > 0
}

function tokensOf(usage: Usage, { isImage = false }: CostFacts): Tokens | undefined {
  if (usage.promptTokens === undefined && usage.completionTokens === undefined) return undefined
  const prompt = sound(usage.promptTokens)
  const answer = sound(usage.completionTokens)
  // What an upstream counts twice is paid once: each kind takes of what the ones before have left.
  const take = createTake(prompt)
  const cacheRead = take(usage.cachedTokens)
  const written = take(usage.cacheCreationTokens)
  const cacheWriteHour = Math.min(written, sound(usage.cacheCreationHourTokens))
  const audioInput = take(usage.promptAudioTokens)
  const imageInput = take(usage.promptImageTokens)
  const takeOutput = createTake(answer)
  const reasoning = takeOutput(usage.reasoningTokens)
  const audioOutput = takeOutput(usage.completionAudioTokens)
  const imageOutput = takeOutput(usage.completionImageTokens ?? (isImage ? answer : 0))
  return {
    prompt,
    text: take(prompt),
    cacheRead,
    cacheWrite: written - cacheWriteHour,
    cacheWriteHour,
    audioInput,
    imageInput,
    output: takeOutput(answer),
    reasoning,
    audioOutput,
    imageOutput,
  }
}

function createTake(all: number): (wanted: number | undefined) => number {
  let left = all
  return (wanted) => {
    const taken = Math.min(sound(wanted), left)
    left -= taken
    return taken
  }
}

function sound(count: number | undefined): number {
  return count !== undefined && count > 0 ? Math.min(count, Number.MAX_SAFE_INTEGER) : 0
}

/** The rates of the longest step that the prompt exceeds: all of the request takes them. */
function ratesFor(steps: readonly RateStep[], promptTokens: number): TokenRates | undefined {
  const step = steps.findLast(({ above }) => promptTokens > above)
  return (step ?? steps[0])?.rates
}

function payTokens(tokens: Tokens, rates: TokenRates): Paid {
  return {
    input: wholeNano(
      tokens.text * rates.input +
        tokens.audioInput * rates.audioInput +
        tokens.imageInput * rates.imageInput,
    ),
    cacheRead: wholeNano(tokens.cacheRead * rates.cacheRead),
    cacheWrite: wholeNano(
      tokens.cacheWrite * rates.cacheWrite + tokens.cacheWriteHour * rates.cacheWriteHour,
    ),
    output: wholeNano(
      tokens.output * rates.output +
        tokens.reasoning * rates.reasoning +
        tokens.audioOutput * rates.audioOutput +
        tokens.imageOutput * rates.imageOutput,
    ),
  }
}

/** What is paid by the piece. Pictures and seconds are, where tokens have not paid for them. */
function unitsOf(price: Price, usage: Usage, facts: CostFacts, areTokensPaid: boolean): number {
  const searches = price.perWebSearch[facts.searchSize ?? 'medium'] ?? 0
  const always =
    price.perRequest +
    sound(usage.searchUnits) * price.perQuery +
    sound(usage.webSearches) * searches
  if (areTokensPaid) return always
  const images = sound(usage.images)
  const pictures =
    price.perImage > 0 ? images * price.perImage : images * sound(facts.pixels) * price.perPixel
  const isOfSound = facts.secondsOf === 'sound' && price.source !== 'energy'
  const seconds = isOfSound ? usage.audioSeconds : facts.callSeconds
  return (
    always +
    pictures +
    sound(usage.characters) * price.perCharacter +
    sound(seconds) * price.perSecond
  )
}
