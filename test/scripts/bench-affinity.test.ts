import { describe, expect, test } from 'vitest'

import { Clock } from '../../scripts/bench/affinity-clock.ts'
import { playWorkload } from '../../scripts/bench/affinity-run.ts'
import { ModelServer } from '../../scripts/bench/affinity-server.ts'
import { blockTokens, createTurns, type Turn } from '../../scripts/bench/affinity-sessions.ts'
import { printedAffinity } from '../../scripts/bench/affinity.ts'

const workload = { seed: 3, durationMs: 240_000, sessionsPerSecond: 1.5 }

test('simulated time does what is due next, of equals what was asked for first', () => {
  const clock = new Clock()
  const done: string[] = []
  const say = (what: string) => () => done.push(`${what}@${clock.now}`)
  for (const [at, delayMs] of [30, 10, 20, 10, 0, 25].entries()) clock.after(delayMs, say(`${at}`))
  clock.after(5, () => clock.after(5, say('later')))
  clock.run()
  expect(done).toEqual(['4@0', '1@10', '3@10', 'later@10', '2@20', '5@25', '0@30'])
})

describe('conversations', () => {
  test('are the same for the same seed', () => {
    expect(createTurns(workload)).toEqual(createTurns(workload))
    expect(createTurns({ ...workload, seed: 4 })).not.toEqual(createTurns(workload))
  })

  test('come in order of time, and each prompt begins as the one before', () => {
    const last = new Map<number, Turn>()
    let atMs = 0
    for (const turn of createTurns(workload)) {
      expect(turn.atMs).toBeGreaterThanOrEqual(atMs)
      atMs = turn.atMs
      expect(turn.blocks).toHaveLength(Math.floor(turn.promptTokens / blockTokens))
      const before = last.get(turn.session)
      if (before) {
        expect(turn.blocks.slice(0, before.blocks.length)).toEqual(before.blocks)
        expect(turn.affinity).toBe(before.affinity)
      }
      last.set(turn.session, turn)
    }
  })
})

describe('a simulated server', () => {
  const turnOf = (blocks: number[], promptTokens: number): Turn => ({
    atMs: 0,
    session: 0,
    blocks,
    promptTokens,
    answerTokens: 10,
    affinity: 0,
  })

  function firstBytes(turns: readonly Turn[]) {
    const clock = new Clock()
    const server = new ModelServer(clock)
    const seen: number[] = []
    const nothing = (): void => undefined
    for (const turn of turns) {
      server.accept({
        turn,
        onFirstByte: () => seen.push(clock.now),
        onEnd: nothing,
        onFailure: nothing,
      })
    }
    clock.run()
    return { seen, server }
  }

  test('reads a prompt once, and of the next one only what is new', () => {
    const known = Array.from({ length: 100 }, (_, at) => at)
    const { seen, server } = firstBytes([
      turnOf(known, 1_600),
      turnOf([...known, 200], 1_616),
      turnOf(
        known.map((block) => block + 300),
        1_616,
      ),
    ])
    // 1,600 tokens at 5 a millisecond, then 16, then all of one that begins otherwise.
    expect(seen.map((ms) => Math.round(ms * 10) / 10)).toEqual([320, 323.2, 646.4])
    expect(server.cachedTokens).toBe(1_600)
  })

  test('forgets what was not used for longest', () => {
    const blocks = (from: number) => Array.from({ length: 3_000 }, (_, at) => from + at)
    const [one, other] = [turnOf(blocks(0), 48_000), turnOf(blocks(9_000), 48_000)]
    expect(firstBytes([one, one]).server.cachedTokens).toBe(48_000)
    // The first keeps its beginning, of which 1,096 blocks fit beside the other.
    expect(firstBytes([one, other, one]).server.cachedTokens).toBe(1_096 * blockTokens)
  })
})

describe('the comparison', () => {
  test('comes to the same figures every time', () => {
    expect(playWorkload('prefix-affinity', workload)).toEqual(
      playWorkload('prefix-affinity', workload),
    )
  })

  test('routing by prefix finds more in the caches, is faster, and fails no more', () => {
    const [turns, twoChoices, affine] = (
      ['round robin', 'peak-ewma', 'prefix-affinity'] as const
    ).map((subject) => playWorkload(subject, workload))
    if (!turns || !twoChoices || !affine) throw new Error('nothing was played')
    for (const other of [turns, twoChoices]) {
      expect(affine.requests).toBe(other.requests)
      expect(affine.hitShare).toBeGreaterThan(other.hitShare + 0.08)
      expect(affine.p50Ms).toBeLessThan(other.p50Ms)
      expect(affine.errorShare).toBeLessThanOrEqual(other.errorShare)
    }
  })

  test('is printed as a table', () => {
    const figures = [playWorkload('peak-ewma', { ...workload, durationMs: 20_000 })]
    const text = printedAffinity({
      seed: 3,
      loads: [{ name: 'quiet', sessionsPerSecond: 1.5, figures }],
    })
    expect(text).toMatch(/quiet, 1\.5 sessions\/s +peak-ewma +\d+\.\d % /)
  })
})
