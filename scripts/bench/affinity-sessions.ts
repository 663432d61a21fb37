import { roll, rollBelow, type Dice } from '../../gateway/routing/dice.ts'

/** Tokens in one block of a prefix cache, as vLLM has it. */
export const blockTokens = 16

/** One turn of a conversation: the prompt so far, and what is answered. */
export interface Turn {
  /** Milliseconds since the run began; the same whoever answers. */
  readonly atMs: number
  readonly session: number
  /** Blocks of the prompt, in order; equal beginnings have equal blocks. */
  readonly blocks: readonly number[]
  readonly promptTokens: number
  readonly answerTokens: number
  /** Unsigned 32 bits of system prompt and first turn. */
  readonly affinity: number
}

export interface Workload {
  readonly seed: number
  readonly durationMs: number
  readonly sessionsPerSecond: number
}

const apps = 12
const systemTokens = { least: 400, most: 2_400 }
const turns = { least: 2, most: 10 }
const userTokens = { least: 20, most: 400 }
const answerTokens = { least: 40, most: 360 }
const meanPauseMs = 9_000

/** Conversations of a dozen applications: a system prompt each, and turns that make the prompt grow. In order of time. */
export function createTurns({ seed, durationMs, sessionsPerSecond }: Workload): Turn[] {
  const dice: Dice = { state: seed }
  const systems = Array.from({ length: apps }, () => between(systemTokens, dice))
  const made: Turn[] = []
  let session = 0
  for (let atMs = 0; ; session += 1) {
    atMs += wait(1000 / sessionsPerSecond, dice)
    if (atMs >= durationMs) break
    addSession(made, { session, atMs, systems, durationMs }, dice)
  }
  return made.sort((a, b) => a.atMs - b.atMs)
}

interface SessionStart {
  readonly session: number
  readonly atMs: number
  readonly systems: readonly number[]
  readonly durationMs: number
}

function addSession(
  into: Turn[],
  { session, atMs: startMs, systems, durationMs }: SessionStart,
  dice: Dice,
): void {
  const app = rollBelow(systems.length, dice)
  const system = systems[app] ?? 0
  const affinity = Math.floor(roll(dice) * 2 ** 32)
  let promptTokens = system
  let atMs = startMs
  for (let left = between(turns, dice); left > 0 && atMs < durationMs; left -= 1) {
    promptTokens += between(userTokens, dice)
    const answered = between(answerTokens, dice)
    const blocks = blocksOf(app, session, system, promptTokens)
    into.push({ atMs, session, blocks, promptTokens, answerTokens: answered, affinity })
    promptTokens += answered
    atMs += wait(meanPauseMs, dice)
  }
}

// Names of blocks: those of a system prompt are its own application's, all later ones the session's.
function blocksOf(app: number, session: number, system: number, promptTokens: number): number[] {
  const shared = Math.floor(system / blockTokens)
  const all = Math.floor(promptTokens / blockTokens)
  return Array.from({ length: all }, (_, at) =>
    at < shared ? app * 1_000 + at : (session + apps) * 1_000 + at,
  )
}

function between({ least, most }: { least: number; most: number }, dice: Dice): number {
  return least + rollBelow(most - least + 1, dice)
}

function wait(meanMs: number, dice: Dice): number {
  return -Math.log(1 - roll(dice)) * meanMs
}
