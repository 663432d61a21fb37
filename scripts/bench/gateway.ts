import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { askChild, startChild, stopAll } from './child.ts'
import type { Child } from './child.ts'
import { assignCores } from './cores.ts'
import type { Cores } from './cores.ts'
import { startDatabase } from './database.ts'
import { waitForFirstAnswer } from './first-answer.ts'
import { isLoadResult } from './load.ts'
import type { LoadOrder } from './load.ts'
import { median, summarise } from './summary.ts'
import type { GatewayReport, Round, ScenarioName, SubjectFigures } from './summary.ts'
import { cpuSecondsOf, rssMbOf } from './process-cost.ts'
import { bundlePrograms, createKey, startSubject } from './subjects.ts'
import type { Bench, Subject, SubjectName } from './subjects.ts'

export interface GatewayBenchOptions {
  readonly root: string
  readonly seconds: number
  readonly rounds: number
  readonly connections: number
  readonly hasDatabase: boolean
  /** Told what is going on, for people who wait. */
  readonly say: (line: string) => void
}

/** What a run of the bench needs around the subjects. */
export interface Stage {
  readonly bench: Bench
  readonly cores: Cores
  /** Sends load at a subject and weighs what it costs. */
  readonly measure: (
    subject: Subject,
    scenario: ScenarioName,
    seconds: number,
    key?: string,
  ) => Promise<Round>
  /** The same of several at once, on their one core: whatever the machine's pace, it is that of all. */
  readonly measureBeside: (
    subjects: readonly Subject[],
    scenario: ScenarioName,
    seconds: number,
  ) => Promise<Round[]>
}

const leadInSeconds = 2
const order = ['bare', 'colonnade'] as const
const scenarios = ['chat', 'stream'] as const

/** Compares Colonnade with the bare proxy in one run, by turns, and sums it up. */
export function benchGateway(options: GatewayBenchOptions): Promise<GatewayReport> {
  const [loadBefore = 0] = loadavg()
  return withStage(options, async (stage) => {
    const { bench, cores } = stage
    const started = await startByTurns(bench, options)
    const rounds: Round[] = []
    for (const subject of started.subjects) await warmUp(stage, subject, options)
    for (let round = 0; round < options.rounds; round++) {
      for (const scenario of scenarios) {
        for (const subject of inTurn(started.subjects, round)) {
          options.say(`round ${round + 1} of ${options.rounds}: ${scenario}, ${subject.name}`)
          // Not counted: while the other one was asked, V8 made the heap of this one small.
          await stage.measure(subject, scenario, Math.min(leadInSeconds, options.seconds / 2))
          rounds.push(await stage.measure(subject, scenario, options.seconds))
        }
      }
    }
    const beside = await besideEachOther(stage, started.subjects, options)
    const figures = started.subjects.map(({ name, child }): SubjectFigures => ({
      name,
      firstAnswerMs: median(started.firstAnswersMs[name]),
      rssIdleMb: started.rssIdleMb[name],
      rssAfterMb: rssMbOf(child.pid),
    }))
    await Promise.all(started.subjects.map(({ child }) => child.stop()))
    return summarise({
      figures,
      rounds,
      beside,
      options,
      cores,
      database: bench.databaseUrl !== undefined,
      loadBefore,
    })
  })
}

/** Sets upstream, load generator and database up, and takes everything down again. */
export async function withStage<Result>(
  options: GatewayBenchOptions,
  run: (stage: Stage) => Promise<Result>,
): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), 'colonnade-bench-'))
  // Postgres may run as another user, who has to pass through.
  chmodSync(folder, 0o711)
  const cores = assignCores()
  const env = { PATH: process.env['PATH'] }
  let stopDatabase: (() => Promise<void>) | undefined
  try {
    const upstream = startChild([fileURLToPath(import.meta.resolve('./upstream.ts'))], {
      core: cores.upstream,
      env,
      logFile: join(folder, 'upstream.log'),
    })
    const startLoad = (): Child =>
      startChild([fileURLToPath(import.meta.resolve('./load.ts'))], {
        core: cores.load,
        env,
        logFile: join(folder, `load-${loads.length}.log`),
      })
    const loads: Child[] = []
    loads.push(startLoad())
    const upstreamPort = portIn(await askChild(upstream))
    const database = options.hasDatabase
      ? await startDatabase(join(folder, 'postgres'), cores.upstream)
      : undefined
    stopDatabase = database?.stop
    const bench: Bench = {
      root: options.root,
      folder,
      programs: await bundlePrograms(options.root, join(folder, 'programs')),
      upstreamPort,
      key: createKey(),
      core: cores.subject,
      databaseUrl: database?.url,
    }
    const measureBy = (
      at: number,
      subject: Subject,
      scenario: ScenarioName,
      seconds: number,
      key = bench.key,
    ): Promise<Round> => {
      const load = (loads[at] ??= startLoad())
      return weigh(subject, scenario, load, {
        port: subject.port,
        isStream: scenario === 'stream',
        connections: options.connections,
        key,
        seconds,
      })
    }
    return await run({
      bench,
      cores,
      measure: (...what) => measureBy(0, ...what),
      measureBeside: (subjects, scenario, seconds) =>
        Promise.all(subjects.map((subject, at) => measureBy(at, subject, scenario, seconds))),
    })
  } finally {
    await stopAll()
    await stopDatabase?.()
    rmSync(folder, { recursive: true, force: true })
  }
}

async function weigh(
  subject: Subject,
  scenario: ScenarioName,
  load: Child,
  loadOrder: LoadOrder,
): Promise<Round> {
  const before = cpuSecondsOf(subject.child.pid)
  const result = await askChild(load, loadOrder)
  if (!isLoadResult(result)) throw new Error('the load generator of the bench sent no figures')
  // What is written behind the answers belongs to them.
  await sleep(300)
  const cpuSeconds = cpuSecondsOf(subject.child.pid) - before
  if (result.requests === 0 || result.failures > 0) {
    throw new Error(
      `${subject.name} failed ${result.failures} of ${result.requests + result.failures} ` +
        `${scenario} requests: ${result.firstFailure}\nWhat it printed:\n${subject.child.printed()}`,
    )
  }
  return {
    subject: subject.name,
    scenario,
    cpuMicros: (cpuSeconds / result.requests) * 1e6,
    ...result,
  }
}

const besideLeadInSeconds = 4

/** Small chats against both at once. The first moments do not count: each had waited for the other one's turn. */
async function besideEachOther(
  stage: Stage,
  subjects: readonly Subject[],
  { seconds, rounds, say }: GatewayBenchOptions,
): Promise<Round[]> {
  say('both at once')
  await stage.measureBeside(subjects, 'chat', Math.min(besideLeadInSeconds, seconds))
  const measured: Round[] = []
  for (let round = 0; round < rounds; round++)
    measured.push(...(await stage.measureBeside(subjects, 'chat', seconds)))
  return measured
}

/** Until code is compiled as it will be for the life of the process; on one busy core that takes its time. */
async function warmUp(stage: Stage, subject: Subject, options: GatewayBenchOptions): Promise<void> {
  options.say(`warming up: ${subject.name}`)
  await stage.measure(subject, 'chat', Math.min(14, 4 * options.seconds))
  await stage.measure(subject, 'stream', Math.min(2, options.seconds))
}

interface Started {
  readonly subjects: readonly Subject[]
  readonly firstAnswersMs: Record<SubjectName, number[]>
  readonly rssIdleMb: Record<SubjectName, number>
}

/** Starts each subject once to be compiled, then once a round, by turns; the last ones stay. */
async function startByTurns(bench: Bench, options: GatewayBenchOptions): Promise<Started> {
  const firstAnswersMs: Record<SubjectName, number[]> = { bare: [], colonnade: [] }
  const subjects: Subject[] = []
  for (let round = 0; round <= options.rounds; round++) {
    for (const name of order) {
      options.say(`start ${round} of ${options.rounds}: ${name}`)
      const subject = await startSubject(name, bench)
      const firstAnswerMs = await waitForFirstAnswer(subject, bench.key)
      if (round > 0) firstAnswersMs[name].push(firstAnswerMs)
      if (round === options.rounds) subjects.push(subject)
      else await subject.child.stop()
    }
  }
  // Long enough for what starting took to be let go, of either.
  await sleep(5000)
  const rssIdleMb = { bare: 0, colonnade: 0 }
  for (const { name, child } of subjects) rssIdleMb[name] = rssMbOf(child.pid)
  return { subjects, firstAnswersMs, rssIdleMb }
}

/** Who comes first changes each round, so that a slow minute hits both. */
function inTurn(subjects: readonly Subject[], round: number): readonly Subject[] {
  return round % 2 === 0 ? subjects : subjects.toReversed()
}

function portIn(message: unknown): number {
  const port =
    typeof message === 'object' && message && 'port' in message ? message.port : undefined
  if (typeof port !== 'number') throw new Error('the upstream of the bench did not say its port')
  return port
}
