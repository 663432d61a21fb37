import { describe, expect, test } from 'vitest'
import { dirname } from 'node:path'
import { chatAnswer, chatRequest, eventCount, streamEvents } from '../../scripts/bench/canned.ts'
import { assignCores, readCoreList } from '../../scripts/bench/cores.ts'
import { waitForFirstAnswer } from '../../scripts/bench/first-answer.ts'
import { withStage } from '../../scripts/bench/gateway.ts'
import { cpuSecondsOf, rssMbOf, secondsOf } from '../../scripts/bench/process-cost.ts'
import { byPart, selfTimes } from '../../scripts/bench/profile.ts'
import type { CpuProfile } from '../../scripts/bench/profile.ts'
import { printed } from '../../scripts/bench/report.ts'
import { startSubject } from '../../scripts/bench/subjects.ts'
import { median, summarise } from '../../scripts/bench/summary.ts'
import type { Round } from '../../scripts/bench/summary.ts'

const root = dirname(dirname(import.meta.dirname))

function round(subject: Round['subject'], scenario: Round['scenario'], cpuMicros: number): Round {
  return {
    subject,
    scenario,
    cpuMicros,
    requests: 100,
    failures: 0,
    seconds: 2,
    pieces: 100,
    p50Ms: 1,
    p99Ms: 2,
  }
}

function frame(functionName: string, url: string): CpuProfile['nodes'][number]['callFrame'] {
  return { functionName, url, lineNumber: 9 }
}

describe('the canned load', () => {
  test('is as large as the report says', () => {
    expect(chatRequest(false).length).toBeGreaterThan(350)
    expect(chatRequest(false).length).toBeLessThan(450)
    expect(chatAnswer.length).toBeGreaterThan(650)
    expect(chatAnswer.length).toBeLessThan(750)
    expect(streamEvents).toHaveLength(eventCount)
  })
})

describe('the yardstick', () => {
  test('passes the upstream’s answers on byte for byte, streamed or not', async () => {
    const options = {
      root,
      seconds: 1,
      rounds: 1,
      connections: 4,
      hasDatabase: false,
      say: () => {},
    }
    const seen = await withStage(options, async ({ bench, measure }) => {
      const bare = await startSubject('bare', bench)
      await waitForFirstAnswer(bare, bench.key)
      const ask = async (isStream: boolean): Promise<string> => {
        const url = `http://127.0.0.1:${bare.port}/v1/chat/completions`
        const headers = { 'content-type': 'application/json' }
        const answer = await fetch(url, { method: 'POST', headers, body: chatRequest(isStream) })
        return answer.text()
      }
      return {
        chat: await ask(false),
        stream: await ask(true),
        load: await measure(bare, 'chat', 0.2),
      }
    })
    expect(seen.chat).toBe(chatAnswer)
    expect(seen.stream).toBe(streamEvents.join(''))
    expect(seen.load.failures).toBe(0)
    expect(seen.load.requests).toBeGreaterThanOrEqual(4)
  })

  test('a subject that does not start is told with what it printed', async () => {
    const options = {
      root,
      seconds: 1,
      rounds: 1,
      connections: 1,
      hasDatabase: false,
      say: () => {},
    }
    const failed = withStage(options, async ({ bench }) => {
      const subject = await startSubject('bare', bench, ['--no-such-option'])
      await waitForFirstAnswer(subject, bench.key)
    })
    await expect(failed).rejects.toThrow(/bare gave no good answer[^]*no-such-option/)
  })
})

describe('what a process costs', () => {
  test('grows with the work it does', () => {
    const before = cpuSecondsOf(process.pid)
    const until = performance.now() + 200
    while (performance.now() < until) Math.sqrt(until)
    expect(cpuSecondsOf(process.pid)).toBeGreaterThan(before)
    expect(rssMbOf(process.pid)).toBeGreaterThan(10)
  })

  test.each([
    ['0:01.50', 1.5],
    ['01:02:03', 3723],
    ['2-00:00:10', 172_810],
  ])('ps’s %s is %d seconds', (time, seconds) => expect(secondsOf(time)).toBe(seconds))
})

describe('the cores', () => {
  test('are a list as taskset prints it', () => {
    expect(readCoreList(' 0-2,5\n')).toEqual([0, 1, 2, 5])
  })

  test('are one for the subject alone, and the others for the rest', () => {
    expect(assignCores([2, 3])).toMatchObject({ subject: '2', upstream: '3', load: '3' })
    expect(assignCores([0, 1, 2])).toMatchObject({ subject: '0', upstream: '1', load: '2' })
  })

  test('a machine with one core is not pinned, and the report says so', () => {
    expect(assignCores([0])).toMatchObject({
      subject: undefined,
      note: expect.stringContaining('not pinned: one core'),
    })
  })
})

describe('the summary', () => {
  const figures = (['bare', 'colonnade'] as const).map((name) => ({
    name,
    firstAnswerMs: 300,
    rssIdleMb: 60,
    rssAfterMb: 80,
  }))
  const report = summarise({
    figures,
    rounds: [
      ...[60, 120, 61].map((micros) => round('bare', 'chat', micros)),
      ...[90, 180, 183].map((micros) => round('colonnade', 'chat', micros)),
      ...[1000, 1000, 1000].map((micros) => round('bare', 'stream', micros)),
      ...[2000, 1500, 1500].map((micros) => round('colonnade', 'stream', micros)),
    ],
    beside: [
      ...[100, 200, 300].map((micros) => round('bare', 'chat', micros)),
      ...[140, 290, 420].map((micros) => round('colonnade', 'chat', micros)),
    ],
    options: { seconds: 2, rounds: 3, connections: 64 },
    cores: assignCores([0, 1]),
    database: true,
    loadBefore: 0.1,
  })

  test('compares the two round by round, so that one slow minute does not count', () => {
    expect(report.turnsRatio).toBe(1.5)
    expect(report.streamRatio).toBe(1.5)
    expect(report.bare.chat).toMatchObject({ cpuMicros: 61, requestsPerSecond: 50 })
  })

  test('the ratio of small chats is that of both at once', () => {
    expect(report.ratioOfRounds).toEqual([1.4, 1.45, 1.4])
    expect(report.ratio).toBe(1.4)
  })

  test('says which target was missed', () => {
    expect(printed(report)).toContain('ratio, small chat: 1.4 (target ≤ 1.6)')
    expect(printed(report)).toContain('CPU for a small chat: 180 µs (target ≤ 100 µs: missed)')
  })

  test('the median of an even number is between the two in the middle', () => {
    expect(median([4, 1, 3, 2])).toBe(2.5)
  })
})

describe('the profile', () => {
  const times = selfTimes(
    {
      nodes: [
        { id: 1, callFrame: frame('(idle)', '') },
        {
          id: 2,
          callFrame: frame('serve', 'file:///home/gateway/pipeline/serve.ts'),
          children: [5],
        },
        { id: 3, callFrame: frame('', 'file:///home/node_modules/undici/lib/a.js') },
        { id: 4, callFrame: frame('serve', 'file:///home/gateway/pipeline/serve.ts') },
        { id: 5, callFrame: frame('write', 'node:net'), children: [6] },
        { id: 6, callFrame: frame('writev', '') },
      ],
      samples: [3, 1, 2, 3, 4, 6, 3],
      timeDeltas: [5000, 9000, 1000, 1500, 1000, 500, 5000],
      startTime: 1_000_000,
    },
    { root: '/home', from: 1_006_000, to: 1_019_000 },
  )

  test('adds up a function’s own time, the longest first, without waiting, start and end', () => {
    expect(times.map(({ where, ms }) => [where, ms])).toEqual([
      ['serve gateway/pipeline/serve.ts:10', 2],
      ['(anonymous) node_modules/undici/lib/a.js:10', 1.5],
      ['writev < serve gateway/pipeline/serve.ts:10', 0.5],
    ])
  })

  test('adds up a part’s', () => {
    expect(
      byPart(times)
        .map(({ where }) => where)
        .slice(0, 2),
    ).toEqual(['gateway/pipeline', 'undici'])
  })
})
