import { setTimeout as sleep } from 'node:timers/promises'
import { chatAsk, get, send } from '../asks.ts'
import { expect } from '../check.ts'
import type { Check, Stage } from '../check.ts'
import { mountedWithinS, readDocument, serving, withModel, writeDocument } from '../documents.ts'
import { openStreams } from '../streams.ts'
import { startTraffic } from '../traffic.ts'
import { upstreamName, upstreamPort } from '../upstream.ts'
import { since, until } from '../patience.ts'

const streamCount = 60
const requestsPerSecond = 20
/** A pod that goes serves five seconds more; what comes after must be served by others. */
const lingerMs = 9000

/** Every change of a running module, under requests and streams that outlive it. */
export const zeroDropChecks: readonly Check[] = [
  {
    group: 'zero-drop',
    what: 'rollout restart',
    run: (stage) =>
      underTraffic(stage, async ({ kubectl, subject }) => {
        const startedAt = performance.now()
        await kubectl.do(['rollout', 'restart', `deployment/${subject.name}-gateway`])
        await kubectl.rolledOut(`deployment/${subject.name}-gateway`)
        return `rolled in ${since(startedAt)}`
      }),
  },
  {
    group: 'zero-drop',
    what: 'another image, and back',
    run: async (stage) => {
      const image = await stage.nextImage()
      return underTraffic(stage, async ({ kubectl, subject, fleet }) => {
        const path = `deployment/${subject.name}-gateway`
        const startedAt = performance.now()
        await kubectl.do(['set', 'image', path, `gateway=${image}`])
        await kubectl.rolledOut(path)
        const changed = since(startedAt)
        await untilAllRun(stage, image)
        const undoneAt = performance.now()
        await kubectl.do(['rollout', 'undo', path])
        await kubectl.rolledOut(path)
        const undone = since(undoneAt)
        await untilAllRun(stage, fleet.image)
        return `to ${image} in ${changed}, back in ${undone}`
      })
    },
  },
  {
    group: 'zero-drop',
    what: 'scale 2 → 4 → 1 and back',
    run: (stage) =>
      underTraffic(stage, async ({ kubectl, subject }) => {
        const startedAt = performance.now()
        for (const count of [2, 4, 1, subject.replicas]) {
          await kubectl.do(['scale', `deployment/${subject.name}-gateway`, `--replicas=${count}`])
          await kubectl.rolledOut(`deployment/${subject.name}-gateway`)
        }
        return `scaled in ${since(startedAt)}`
      }),
  },
  {
    group: 'zero-drop',
    what: 'a pod is deleted',
    run: (stage) =>
      underTraffic(stage, async ({ kubectl, subject }) => {
        const [victim] = await kubectl.standing(subject.name)
        expect(victim !== undefined, 'there is no pod')
        const startedAt = performance.now()
        await kubectl.do(['delete', 'pod', victim.name, '--wait=false'])
        await until(
          'another stands in for it',
          async () => {
            const pods = await kubectl.standing(subject.name)
            return pods.length >= subject.replicas && pods.every(({ isReady }) => isReady)
          },
          { seconds: 120 },
        )
        return `replaced in ${since(startedAt)}`
      }),
  },
  {
    group: 'zero-drop',
    what: 'a config edit reaches every replica without a restart',
    run: (stage) =>
      underTraffic(stage, async ({ kubectl, subject }) => {
        const before = await readDocument(kubectl, subject.name)
        const were = await serving(kubectl, subject.name)
        const startedAt = performance.now()
        const name = 'added-by-hand'
        await writeDocument(kubectl, subject.name, withModel(before, name, upstreamUrl))
        const times = await untilTaken(stage, (generation, pod) => {
          const was = were.find((one) => one.pod === pod)
          return was !== undefined && generation > was.generation
        })
        const base = `http://${await stage.host()}:${subject.nodePort}`
        const answer = await send(base, chatAsk(subject.key, 'hello', { model: name }))
        await writeDocument(kubectl, subject.name, before)
        expect(answer.status === 200, `the added model: ${answer.status} ${answer.text}`)
        return `all replicas on the new document after ${since(startedAt)} (${times}); the added model answers`
      }),
  },
  {
    group: 'zero-drop',
    what: 'a bad edit leaves the old document serving, and /config/status says why',
    run: (stage) =>
      underTraffic(stage, async ({ kubectl, subject }) => {
        const before = await readDocument(kubectl, subject.name)
        const startedAt = performance.now()
        const base = `http://${await stage.host()}:${subject.nodePort}`
        try {
          await writeDocument(kubectl, subject.name, 'model_list: [{ this is: no, document\n')
          await until(
            'every replica says that it refused',
            async () => {
              const all = await serving(kubectl, subject.name)
              return all.length > 0 && all.every(({ refused }) => refused !== undefined)
            },
            { seconds: mountedWithinS },
          )
          const seen = since(startedAt)
          const status = await send(base, get('/config/status', subject.key))
          expect(status.text.includes('"valid":false'), `/config/status: ${status.text}`)
          return `refused by all after ${seen}`
        } finally {
          await writeDocument(kubectl, subject.name, before)
          await until(
            'every replica takes the good document again',
            async () =>
              (await serving(kubectl, subject.name)).every(({ refused }) => refused === undefined),
            { seconds: mountedWithinS },
          )
        }
      }),
  },
]

const upstreamUrl = `http://${upstreamName}:${upstreamPort}/v1`

/** Runs a change under requests and streams that are let go only after it; none may fail, break or miss a word. */
async function underTraffic(
  stage: Stage,
  change: (stage: Stage) => Promise<string>,
): Promise<string> {
  const { kubectl, subject } = stage
  const base = `http://${await stage.host()}:${subject.nodePort}`
  const restarts = await restartsOf(stage)
  const streams = openStreams(base, subject.key, streamCount)
  await until('all streams have begun', async () => streams.running() === streamCount, {
    seconds: 60,
    everyMs: 100,
  })
  const traffic = startTraffic(base, chatAsk(subject.key, 'hello'), {
    perSecond: requestsPerSecond,
  })
  let said: string
  let outlived = 0
  try {
    said = await change(stage)
    await sleep(lingerMs)
    outlived = streams.running()
  } finally {
    await kubectl.proxied(`services/${upstreamName}:http`, '/release')
  }
  const ends = await streams.ends()
  const count = await traffic.stop()
  const faults = ends.flatMap((end) => ('fault' in end ? [end.fault] : []))
  const words = ends.reduce((sum, end) => sum + ('words' in end ? end.words : 0), 0)
  const seen = `${said}; ${count.sent} requests, ${count.failures.length} failed, p99 ${count.p99Ms} ms; ${outlived} streams outlived it, ${words} words, ${faults.length} broken`
  expect(
    count.failures.length === 0 && faults.length === 0,
    `${seen}: ${firstOf([...count.failures, ...faults])}`,
  )
  expect(
    outlived === streamCount,
    `${seen}: only ${outlived} of ${streamCount} streams outlived it`,
  )
  const after = await restartsOf(stage)
  expect(after === restarts, `${seen}: ${after - restarts} restarts`)
  return seen
}

async function untilAllRun({ kubectl, subject }: Stage, image: string): Promise<void> {
  await until(
    `every pod runs ${image}`,
    async () =>
      (await kubectl.standing(subject.name)).every((pod) => pod.isReady && pod.image === image),
    { seconds: 60 },
  )
}

const firstOf = (faults: readonly string[]): string => [...new Set(faults)].slice(0, 3).join(' | ')

async function restartsOf({ kubectl }: Stage): Promise<number> {
  const pods = await kubectl.pods()
  return pods.reduce((sum, { restarts }) => sum + restarts, 0)
}

/** How long each replica took to have it. */
async function untilTaken(
  { kubectl, subject }: Stage,
  isNew: (generation: number, pod: string) => boolean,
): Promise<string> {
  const startedAt = performance.now()
  const times = new Map<string, string>()
  await until(
    'every replica is on the new document',
    async () => {
      const all = await serving(kubectl, subject.name)
      for (const { pod, generation } of all)
        if (isNew(generation, pod) && !times.has(pod)) times.set(pod, since(startedAt))
      return all.length > 0 && all.every(({ pod }) => times.has(pod))
    },
    { seconds: mountedWithinS },
  )
  return [...times.values()].join(', ')
}
