import { Agent } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { send } from './asks.ts'
import type { Ask } from './asks.ts'

export interface TrafficCount {
  readonly sent: number
  /** Of each answer that was not 200: the status and its first words. */
  readonly failures: readonly string[]
  readonly p50Ms: number
  readonly p99Ms: number
}

export interface Traffic {
  /** Ends it, waits for what is under way, and counts. */
  stop(): Promise<TrafficCount>
}

interface TrafficOptions {
  readonly perSecond: number
}

/** Sends one request after another at a fixed rate, over a few connections that are kept and a new one now and then. */
export function startTraffic(base: string, ask: Ask, { perSecond }: TrafficOptions): Traffic {
  const agent = new Agent({ keepAlive: true, maxSockets: 16 })
  const times: number[] = []
  const failures: string[] = []
  const under = new Set<Promise<void>>()
  const state = { isOver: false }
  const one = async (index: number): Promise<void> => {
    const startedAt = performance.now()
    const { status, text } = await send(base, ask, index % 4 === 0 ? {} : { agent })
    times.push(performance.now() - startedAt)
    if (status !== 200) failures.push(`${status} ${text.slice(0, 160)}`)
  }
  const run = async (): Promise<void> => {
    const startedAt = performance.now()
    for (let index = 0; !state.isOver; index += 1) {
      const sending = one(index).finally(() => under.delete(sending))
      under.add(sending)
      await sleep(Math.max(0, startedAt + ((index + 1) * 1000) / perSecond - performance.now()))
    }
  }
  const running = run()
  return {
    stop: async () => {
      state.isOver = true
      await running
      await Promise.all(under)
      agent.destroy()
      const sorted = times.toSorted((left, right) => left - right)
      const at = (part: number): number =>
        Math.round(sorted[Math.floor(sorted.length * part)] ?? sorted.at(-1) ?? 0)
      return { sent: times.length, failures, p50Ms: at(0.5), p99Ms: at(0.99) }
    },
  }
}
