import { decide } from '../../gateway/routing/decide.ts'
import type { CandidateFacts, DecisionRules, RequestFacts } from '../../gateway/routing/decision.ts'
import { digest } from '../../gateway/routing/dice.ts'
import { Health } from '../../gateway/routing/health.ts'
import type { Clock } from './affinity-clock.ts'
import type { ModelServer } from './affinity-server.ts'
import type { Turn } from './affinity-sessions.ts'

/** What is compared; all but the first are strategies of the gateway. */
export const subjects = ['round robin', 'peak-ewma', 'prefix-affinity'] as const
export type Subject = (typeof subjects)[number]

/** What callers saw. */
export interface Seen {
  readonly firstBytesMs: number[]
  requests: number
  errors: number
}

const mostAttempts = 2
const firstByteTimeoutMs = 10_000

/** A gateway with its own view of the servers: health and decisions are the real ones, sockets are not. */
export class Gateway {
  readonly #subject: Subject
  readonly #servers: readonly ModelServer[]
  readonly #clock: Clock
  readonly #healths: readonly Health[]
  #turns = 0

  constructor(subject: Subject, servers: readonly ModelServer[], clock: Clock) {
    this.#subject = subject
    this.#servers = servers
    this.#clock = clock
    this.#healths = servers.map(() => new Health())
  }

  serve(turn: Turn, seed: number, seen: Seen): void {
    seen.requests += 1
    this.#attempt({ turn, seed, seen, tried: new Set(), attempts: 0 })
  }

  #attempt(request: Request): void {
    const { turn, seen, tried } = request
    const picked = this.#pick(request)
    const server = this.#servers[picked]
    const health = this.#healths[picked]
    if (!server || !health) throw new Error('no server was picked')
    tried.add(picked)
    const startedAt = this.#clock.now
    request.attempts += 1
    const tookMs = (): number => this.#clock.now - startedAt
    const ticket = health.begin(startedAt)
    let isWaiting = true
    const fail = (code: 'upstream_timeout' | 'upstream_unreachable'): void => {
      isWaiting = false
      health.recordFailure(code, this.#clock.now, 0, { ticket, tookMs: tookMs() })
      health.end(ticket)
      if (request.attempts < mostAttempts) this.#attempt(request)
      else seen.errors += 1
    }
    const hangUp = server.accept({
      turn,
      onFailure: () => fail('upstream_unreachable'),
      onFirstByte: () => {
        isWaiting = false
        health.recordFirstByte(tookMs(), this.#clock.now, ticket)
        seen.firstBytesMs.push(this.#clock.now - turn.atMs)
      },
      onEnd: () => {
        health.recordSuccess(0, ticket)
        health.end(ticket)
      },
    })
    this.#clock.after(firstByteTimeoutMs, () => {
      if (!isWaiting) return
      hangUp()
      fail('upstream_timeout')
    })
  }

  #pick({ turn, seed, tried }: Request): number {
    if (this.#subject === 'round robin') return (this.#turns += 1) % this.#servers.length
    const { now } = this.#clock
    const candidates = this.#healths.map((health, at) => factsOf(at, health, tried.has(at), now))
    const { affinity, promptTokens } = turn
    const request: RequestFacts = {
      endpoint: 'chat-completions',
      promptTokens,
      needs: [],
      tags: [],
      affinity,
    }
    const input = { strategy: this.#subject, rules, request, candidates, seed: seed + tried.size }
    return decide(input).order[0] ?? -1
  }
}

interface Request {
  readonly turn: Turn
  readonly seed: number
  readonly seen: Seen
  readonly tried: Set<number>
  attempts: number
}

const rules: DecisionRules = {
  isTagFiltering: false,
  isTagMatchAny: true,
  arePreCallChecksOn: false,
  areRatesEnforced: false,
  latencyBuffer: 0,
}

function factsOf(at: number, health: Health, isTried: boolean, now: number): CandidateFacts {
  const id = `server-${at}`
  return {
    traits: {
      id,
      order: undefined,
      weight: undefined,
      rpm: undefined,
      tpm: undefined,
      lacks: [],
      maxInputTokens: undefined,
      tags: [],
      cost: undefined,
      place: digest(id),
    },
    speaks: true,
    isTried,
    isSpent: false,
    coolingMs: health.coolingMs(now),
    isProbed: health.isProbed(now),
    limitedMs: health.limitedMs(now),
    quotaMs: 0,
    freeSlots: undefined,
    queued: undefined,
    inFlight: health.inFlight,
    latencyMs: health.latencyMs(now),
    meanLatency: 0,
    minuteRequests: 0,
    minuteTokens: 0,
  }
}
