import type { Counters, CounterSpec } from './counter.ts'
import type { LedgerAsk } from './ledger.ts'
import { LedgerLine, ttlMs, type LedgerLineOptions } from './ledger-line.ts'
import { LeasedCounter } from './leased-counter.ts'

export interface CountersOptions extends LedgerLineOptions {
  /** How often what was used is told to the ledger; 0: only when asked to. */
  readonly tellEveryMs?: number
}

/** The counters of a process, with a life of their own beside requests. */
export interface RunningCounters extends Counters {
  /** Tells the ledger what is new, and hands back what is idle. */
  tell(): Promise<void>
  /** Tells the rest and hands back everything, within the time given. */
  close(withinMs: number): Promise<void>
}

const tellEveryMs = 1000
const sweepEveryMs = 5000
const asksAtOnce = 200

/**
 * Creates the counters of this process: leased from the ledger where there is one, else exact in this process alone.
 * They move to the ledger when it comes, with what was used until then.
 */
export function createCounters(options: CountersOptions): RunningCounters {
  const line = new LedgerLine(options)
  const counters = new Map<string, LeasedCounter>()
  let sweptAt = -Infinity
  let isClosed = false
  let telling: Promise<void> | undefined
  const unlisten = options.ledger?.onRecall((key) => {
    const counter = counters.get(key)
    if (!counter?.isLeasing || isClosed) return
    counter.handBack()
    void tellAll()
  })
  const everyMs = options.tellEveryMs ?? tellEveryMs
  const timer = everyMs > 0 ? setInterval(() => void tellAll(), everyMs).unref() : undefined

  function tellAll(): Promise<void> {
    // What came up while it ran is told in the next turn.
    telling = (telling ?? Promise.resolve()).then(tellOnce)
    return telling
  }

  async function tellOnce(): Promise<void> {
    if (line.state() === 'none')
      return counters.forEach((counter) => void counter.toTell(line.now()))
    if (line.state() === 'away') return
    const now = line.now()
    const all = [...counters.values()].flatMap((counter) =>
      counter.toTell(now).map((ask) => ({ counter, ask })),
    )
    const mustRenew =
      now - line.heardAt > ttlMs / 3 && [...counters.values()].some((one) => one.isLeasing)
    if (all.length === 0 && mustRenew) await line.exchange([], () => undefined)
    for (let start = 0; start < all.length; start += asksAtOnce) {
      await tellSome(all.slice(start, start + asksAtOnce))
    }
    if (counters.size === 0 || now - sweptAt < sweepEveryMs) return
    sweptAt = now
    await line.sweep()
  }

  async function tellSome(
    some: readonly { counter: LeasedCounter; ask: LedgerAsk }[],
    ttl = ttlMs,
  ) {
    const counterOf = new Map(some.map(({ counter, ask }) => [ask, counter]))
    const exchange = line.exchange(
      some.map(({ ask }) => ask),
      (ask, answer, now) => counterOf.get(ask)?.apply(ask, answer, now),
      ttl,
    )
    for (const { counter } of some) counter.join(exchange)
    await exchange
  }

  return {
    counter(spec: CounterSpec) {
      const known = counters.get(spec.key)
      if (known) {
        known.change(spec)
        return known
      }
      const counter = new LeasedCounter(spec, line)
      counters.set(spec.key, counter)
      return counter
    },
    tell: tellAll,
    async close(withinMs) {
      isClosed = true
      clearInterval(timer)
      unlisten?.()
      const last = (async () => {
        await telling
        if (line.state() !== 'there') return
        for (const counter of counters.values()) counter.handBack()
        const now = line.now()
        const all = [...counters.values()].flatMap((counter) =>
          counter.toTell(now).map((ask) => ({ counter, ask })),
        )
        for (let start = 0; start < all.length; start += asksAtOnce) {
          await tellSome(all.slice(start, start + asksAtOnce))
        }
        await line.exchange([], () => undefined, 0)
      })()
      await Promise.race([last, new Promise((resolve) => setTimeout(resolve, withinMs).unref())])
    },
  }
}
