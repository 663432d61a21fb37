import { mkdirSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { waitForFirstAnswer } from './first-answer.ts'
import { withStage } from './gateway.ts'
import type { GatewayBenchOptions } from './gateway.ts'
import { table } from './report.ts'
import { startSubject } from './subjects.ts'
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
  }[]
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
    const subject = await startSubject(options.subject, bench, nodeOptions)
    await waitForFirstAnswer(subject, bench.key)
    options.say(`${options.scenario} against ${options.subject}, ${options.seconds} s`)
    const round = await measure(subject, options.scenario, options.seconds)
    await subject.child.stop(30_000)
    const file = readdirSync(folder).find((name) => name.endsWith('.cpuprofile'))
    if (!file) {
      throw new Error(`${options.subject} wrote no profile; it has to end by itself on SIGTERM`)
    }
    const profile: CpuProfile = JSON.parse(readFileSync(join(folder, file), 'utf8'))
    const microsEach = (ms: number): string => ((ms * 1000) / round.requests).toFixed(2)
    const times = selfTimes(profile, bench.root)
    const rows = (of: readonly SelfTime[]): string[][] =>
      of.slice(0, options.top).map(({ where, ms }) => [where, microsEach(ms)])
    return [
      `${options.subject}, ${options.scenario}: ${round.requests} requests, ` +
        `${round.cpuMicros.toFixed(1)} µs CPU each under the profiler (start and warm-up are in it)`,
      '',
      table([['self time by function', 'µs/request'], ...rows(times)]),
      '',
      table([['self time by part', 'µs/request'], ...rows(byPart(times))]),
    ].join('\n')
  })
}

/** Self times by function, the longest first; waiting is left out. */
export function selfTimes(profile: CpuProfile, root: string): SelfTime[] {
  const frames = new Map(profile.nodes.map(({ id, callFrame }) => [id, callFrame]))
  const found = new Map<string, SelfTime>()
  for (const [at, sample] of profile.samples.entries()) {
    const frame = frames.get(sample)
    if (!frame || frame.functionName === '(idle)') continue
    const file = frame.url.replace('file://', '').replace(`${root}/`, '')
    const line = file ? ` ${file}:${frame.lineNumber + 1}` : ''
    const where = `${frame.functionName || '(anonymous)'}${line}`
    const ms = (found.get(where)?.ms ?? 0) + (profile.timeDeltas[at] ?? 0) / 1000
    found.set(where, { where, file, ms })
  }
  return longestFirst(found)
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
