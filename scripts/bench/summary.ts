import type { Cores } from './cores.ts'
import type { LoadResult } from './load.ts'
import type { SubjectName } from './subjects.ts'

export type ScenarioName = 'chat' | 'stream'

/** One scenario against one subject, once. */
export interface Round extends LoadResult {
  readonly subject: SubjectName
  readonly scenario: ScenarioName
  readonly cpuMicros: number
}

/** What a subject costs beside requests. */
export interface SubjectFigures {
  readonly name: SubjectName
  readonly firstAnswerMs: number
  readonly rssIdleMb: number
  readonly rssAfterMb: number
}

/** The medians of one scenario against one subject. */
export interface ScenarioFigures {
  /** User and system time of the process for each request. */
  readonly cpuMicros: number
  readonly requestsPerSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** Pieces in which one answer came. */
  readonly pieces: number
  /** CPU of each round, to see how far they lie apart. */
  readonly cpuMicrosOfRounds: readonly number[]
}

export interface SubjectReport extends SubjectFigures {
  readonly chat: ScenarioFigures
  readonly stream: ScenarioFigures
}

/** The whole of `npm run bench -- gateway --json`. */
export interface GatewayReport {
  /** Colonnade's CPU for a small chat over the bare proxy's, both under load at once: the median of the rounds' ratios. */
  readonly ratio: number
  readonly ratioOfRounds: readonly number[]
  /** The same of the rounds by turns. */
  readonly turnsRatio: number
  /** The same for a stream of 200 events. */
  readonly streamRatio: number
  readonly bare: SubjectReport
  readonly colonnade: SubjectReport
  readonly seconds: number
  readonly rounds: number
  readonly connections: number
  readonly isDatabaseConnected: boolean
  readonly isPinned: boolean
  readonly cores: string
  /** Processes that wanted a core before the bench began, one-minute mean. */
  readonly loadBefore: number
  readonly node: string
}

export interface Measured {
  readonly figures: readonly SubjectFigures[]
  readonly rounds: readonly Round[]
  /** Small chats against both at once. */
  readonly beside: readonly Round[]
  readonly options: {
    readonly seconds: number
    readonly rounds: number
    readonly connections: number
  }
  readonly cores: Cores
  readonly database: boolean
  readonly loadBefore: number
}

/** Medians of the rounds, and the two ratios DESIGN's budget is about. */
export function summarise({
  figures,
  rounds,
  beside,
  options,
  cores,
  database,
  loadBefore,
}: Measured): GatewayReport {
  const reportOf = (name: SubjectName): SubjectReport => {
    const own = figures.find((each) => each.name === name)
    if (!own) throw new Error(`nothing was measured for ${name}`)
    const of = (scenario: ScenarioName): ScenarioFigures =>
      medians(rounds.filter((round) => round.subject === name && round.scenario === scenario))
    return { ...rounded(own), chat: of('chat'), stream: of('stream') }
  }
  const bare = reportOf('bare')
  const colonnade = reportOf('colonnade')
  const microsBeside = (name: SubjectName): number[] =>
    beside.filter(({ subject }) => subject === name).map(({ cpuMicros }) => cpuMicros)
  const besideRatios = ratiosOf(microsBeside('colonnade'), microsBeside('bare'))
  return {
    ratio: to2(median(besideRatios)),
    ratioOfRounds: besideRatios.map(to2),
    turnsRatio: ratioOf(colonnade.chat, bare.chat),
    streamRatio: ratioOf(colonnade.stream, bare.stream),
    bare,
    colonnade,
    seconds: options.seconds,
    rounds: options.rounds,
    connections: options.connections,
    isDatabaseConnected: database,
    isPinned: cores.subject !== undefined,
    cores: cores.note,
    loadBefore: to2(loadBefore),
    node: process.version,
  }
}

/** The middle one; of an even number the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? NaN) + upper) / 2
}

/** The two run one after the other in a round, so a round's ratio suffers least from a busy machine. */
function ratioOf(ours: ScenarioFigures, theirs: ScenarioFigures): number {
  return to2(median(ratiosOf(ours.cpuMicrosOfRounds, theirs.cpuMicrosOfRounds)))
}

function ratiosOf(ours: readonly number[], theirs: readonly number[]): number[] {
  return ours.map((micros, round) => micros / (theirs[round] ?? NaN))
}

function medians(rounds: readonly Round[]): ScenarioFigures {
  const of = (value: (round: Round) => number): number => to2(median(rounds.map(value)))
  return {
    cpuMicros: of((round) => round.cpuMicros),
    requestsPerSecond: of((round) => round.requests / round.seconds),
    p50Ms: of((round) => round.p50Ms),
    p99Ms: of((round) => round.p99Ms),
    pieces: of((round) => round.pieces / round.requests),
    cpuMicrosOfRounds: rounds.map((round) => to2(round.cpuMicros)),
  }
}

function rounded(figures: SubjectFigures): SubjectFigures {
  return {
    name: figures.name,
    firstAnswerMs: to2(figures.firstAnswerMs),
    rssIdleMb: to2(figures.rssIdleMb),
    rssAfterMb: to2(figures.rssAfterMb),
  }
}

function to2(value: number): number {
  return Math.round(value * 100) / 100
}
