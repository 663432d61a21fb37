import { mkdirSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { waitForFirstAnswer } from './first-answer.ts'
import { withStage } from './gateway.ts'
import type { GatewayBenchOptions } from './gateway.ts'
import { table } from './report.ts'
import { sources, startSubject } from './subjects.ts'
import type { SubjectName } from './subjects.ts'
import type { ScenarioName } from './summary.ts'

/** What Node's `--cpu-prof` writes. */
export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number
    readonly callFrame: {
      readonly functionName: string
      readonly url: string
      readonly lineNumber: number
    }
    readonly children?: readonly number[]
  }[]
  /** Microseconds of the monotonic clock. */
  readonly startTime: number
  readonly samples: readonly number[]
  readonly timeDeltas: readonly number[]
}

/** Time spent in one place itself, without what it called. */
export interface SelfTime {
  readonly where: string
  readonly file: string
  readonly ms: number
}

export interface ProfileOptions extends GatewayBenchOptions {
  readonly subject: SubjectName
  readonly scenario: ScenarioName
  readonly top: number
}

/** Runs one scenario under Node's profiler and prints where the time went, by function and by part. */
export function profileGateway(options: ProfileOptions): Promise<string> {
  return withStage(options, async ({ bench, measure }) => {
    const folder = join(bench.folder, 'profile')
    mkdirSync(folder)
    const nodeOptions = ['--cpu-prof', `--cpu-prof-dir=${folder}`, '--cpu-prof-interval=250']
    // As sources, where every part has its own file.
    const subject = await startSubject(
      options.subject,
      { ...bench, programs: sources },
      nodeOptions,
    )
    await waitForFirstAnswer(subject, bench.key)
    options.say(`${options.scenario} against ${options.subject}, ${options.seconds} s`)
    await measure(subject, options.scenario, 2)
    const from = monotonicMicros()
    const round = await measure(subject, options.scenario, options.seconds)
    const to = monotonicMicros()
    await subject.child.stop(30_000)
    const file = readdirSync(folder).find((name) => name.endsWith('.cpuprofile'))
    if (!file) {
      throw new Error(`${options.subject} wrote no profile; it has to end by itself on SIGTERM`)
    }
    const profile: CpuProfile = JSON.parse(readFileSync(join(folder, file), 'utf8'))
    const microsEach = (ms: number): string => ((ms * 1000) / round.requests).toFixed(2)
    const times = selfTimes(profile, { root: bench.root, from, to })
    const rows = (of: readonly SelfTime[]): string[][] =>
      of.slice(0, options.top).map(({ where, ms }) => [where, microsEach(ms)])
    return [
      `${options.subject}, ${options.scenario}: ${round.requests} requests, ` +
        `${round.cpuMicros.toFixed(1)} µs CPU each under the profiler`,
      '',
      table([['self time by function', 'µs/request'], ...rows(times)]),
      '',
      table([['self time by part', 'µs/request'], ...rows(byPart(times))]),
    ].join('\n')
  })
}

/** What of a profile counts, in microseconds of the monotonic clock; and what paths are shown from. */
export interface ProfileWindow {
  readonly root: string
  readonly from: number
  readonly to: number
}

/** Self times by function, the longest first; waiting is left out. What is Node's own is named with its caller. */
export function selfTimes(profile: CpuProfile, { root, from, to }: ProfileWindow): SelfTime[] {
  const places = placesIn(profile, root)
  const found = new Map<string, SelfTime>()
  let now = profile.startTime
  for (const [at, sample] of profile.samples.entries()) {
    const micros = profile.timeDeltas[at] ?? 0
    now += micros
    const place = places.get(sample)
    if (!place || now < from || now > to) continue
    found.set(place.where, { ...place, ms: (found.get(place.where)?.ms ?? 0) + micros / 1000 })
  }
  return longestFirst(found)
}

function placesIn({ nodes }: CpuProfile, root: string): Map<number, Omit<SelfTime, 'ms'>> {
  const byId = new Map(nodes.map((node) => [node.id, node]))
  const callers = new Map(nodes.flatMap((node) => (node.children ?? []).map((id) => [id, node])))
  const places = new Map<number, Omit<SelfTime, 'ms'>>()
  for (const { id, callFrame } of byId.values()) {
    if (callFrame.functionName === '(idle)') continue
    const own = placeOf(callFrame, root)
    let caller = callers.get(id)
    while (own.file === '' && caller && !isOurs(caller.callFrame.url))
      caller = callers.get(caller.id)
    const by = own.file === '' && caller ? ` < ${placeOf(caller.callFrame, root).where}` : ''
    places.set(id, { where: own.where + by, file: own.file })
  }
  return places
}

function placeOf(
  frame: CpuProfile['nodes'][number]['callFrame'],
  root: string,
): Omit<SelfTime, 'ms'> {
  const file = frame.url.replace('file://', '').replace(`${root}/`, '')
  const line = file ? ` ${file}:${frame.lineNumber + 1}` : ''
  return { where: `${frame.functionName || '(anonymous)'}${line}`, file }
}

/** Ours or a package's, not Node's own. */
function isOurs(url: string): boolean {
  return url !== '' && !url.startsWith('node:') && !url.startsWith('wasm:')
}

function monotonicMicros(): number {
  return Number(process.hrtime.bigint() / 1000n)
}

/** The same by part: a package, a room of the gateway, Node itself. */
export function byPart(times: readonly SelfTime[]): SelfTime[] {
  const found = new Map<string, SelfTime>()
  for (const { where, file, ms } of times) {
    const part = partOf(file) ?? where
    found.set(part, { where: part, file: '', ms: (found.get(part)?.ms ?? 0) + ms })
  }
  return longestFirst(found)
}

function partOf(file: string): string | undefined {
  if (file.startsWith('node:')) return file
  const packaged = /(?:^|\/)node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1]
  return packaged ?? /^[^/]+\/[^/]+/.exec(file)?.[0]
}

function longestFirst(found: ReadonlyMap<string, SelfTime>): SelfTime[] {
  return [...found.values()].sort((a, b) => b.ms - a.ms)
}
