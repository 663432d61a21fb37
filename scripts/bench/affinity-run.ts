import { digest, rollBelow, type Dice } from '../../gateway/routing/dice.ts'
import { Clock } from './affinity-clock.ts'
import { Gateway, type Seen, type Subject } from './affinity-gateway.ts'
import { ModelServer } from './affinity-server.ts'
import { createTurns, type Workload } from './affinity-sessions.ts'

/** What one workload came to. */
export interface AffinityFigures {
  readonly subject: Subject
  readonly requests: number
  /** Of the prompts' tokens. */
  readonly hitShare: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly errorShare: number
  /** Of all answers, those of the server that gave most. */
  readonly busiestShare: number
}

export const serverCount = 4
export const gatewayCount = 2
/** Before this the caches are cold for everybody. */
const warmUpShare = 0.2
/** One server refuses everything from here to there. */
const outage = { from: 0.55, to: 0.6 }

/** Plays one workload against four servers, through two gateways that know nothing of each other. */
export function playWorkload(subject: Subject, workload: Workload): AffinityFigures {
  const { seed, durationMs } = workload
  const clock = new Clock()
  const servers = Array.from({ length: serverCount }, () => new ModelServer(clock))
  const gateways = Array.from({ length: gatewayCount }, () => new Gateway(subject, servers, clock))
  const cold: Seen = { firstBytesMs: [], requests: 0, errors: 0 }
  const seen: Seen = { firstBytesMs: [], requests: 0, errors: 0 }
  const dice: Dice = { state: seed ^ digest('gateways') }
  for (const turn of createTurns(workload)) {
    const gateway = gateways[rollBelow(gatewayCount, dice)]
    const own = rollBelow(2 ** 32, dice)
    const into = turn.atMs < durationMs * warmUpShare ? cold : seen
    clock.after(turn.atMs, () => gateway?.serve(turn, own, into))
  }
  clock.after(durationMs * warmUpShare, () => servers.forEach((server) => server.count()))
  clock.after(durationMs * outage.from, () => servers[1]?.setDown(true))
  clock.after(durationMs * outage.to, () => servers[1]?.setDown(false))
  clock.run()
  return figuresOf(subject, seen, servers)
}

function figuresOf(
  subject: Subject,
  { requests, errors, firstBytesMs }: Seen,
  servers: readonly ModelServer[],
): AffinityFigures {
  const sum = (of: (server: ModelServer) => number): number =>
    servers.reduce((total, server) => total + of(server), 0)
  const sorted = firstBytesMs.toSorted((a, b) => a - b)
  const at = (share: number): number => sorted[Math.floor(share * (sorted.length - 1))] ?? NaN
  return {
    subject,
    requests,
    hitShare: sum((one) => one.cachedTokens) / sum((one) => one.promptTokens),
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    errorShare: errors / requests,
    busiestShare: Math.max(...servers.map(({ answers }) => answers)) / sum((one) => one.answers),
  }
}
