import { subjects } from './affinity-gateway.ts'
import { gatewayCount, playWorkload, serverCount, type AffinityFigures } from './affinity-run.ts'
import { table } from './report.ts'

/** The whole of `npm run bench -- affinity --json`. */
export interface AffinityReport {
  readonly seed: number
  readonly loads: readonly {
    readonly name: string
    readonly sessionsPerSecond: number
    readonly figures: readonly AffinityFigures[]
  }[]
}

const loads = [
  { name: 'quiet', sessionsPerSecond: 0.5 },
  { name: 'usual', sessionsPerSecond: 1.5 },
  { name: 'crowded', sessionsPerSecond: 2.5 },
] as const

const durationMs = 900_000

/** Conversations against simulated model servers with a prefix cache: the same arrivals for each way of routing. */
export function benchAffinity(seed: number): AffinityReport {
  return {
    seed,
    loads: loads.map(({ name, sessionsPerSecond }) => ({
      name,
      sessionsPerSecond,
      figures: subjects.map((subject) =>
        playWorkload(subject, { seed, durationMs, sessionsPerSecond }),
      ),
    })),
  }
}

/** The report for people. */
export function printedAffinity({ seed, loads: played }: AffinityReport): string {
  const rows = played.flatMap(({ name, sessionsPerSecond, figures }) =>
    figures.map((one, at) => [
      at === 0 ? `${name}, ${sessionsPerSecond} sessions/s` : '',
      one.subject,
      percent(one.hitShare, 1),
      one.p50Ms.toFixed(0),
      one.p99Ms.toFixed(0),
      percent(one.errorShare, 2),
      percent(one.busiestShare, 0),
      String(one.requests),
    ]),
  )
  return [
    `${serverCount} simulated servers with a prefix cache, ${gatewayCount} gateways, ` +
      `${durationMs / 60_000} simulated minutes, one server down for a twentieth of them; seed ${seed}`,
    '',
    table([
      ['', '', 'cache hits', 'p50 ms', 'p99 ms', 'errors', 'busiest server', 'requests'],
      ...rows,
    ]),
    '',
    'p50, p99: time to the first byte. The first fifth warms the caches and is not counted.',
  ].join('\n')
}

function percent(share: number, digits: number): string {
  return `${(share * 100).toFixed(digits)} %`
}
