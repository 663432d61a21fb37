import { setTimeout as sleep } from 'node:timers/promises'
import { textAt } from '../../../scripts/deploy/read-json.ts'
import { requestTo, send } from '../asks.ts'
import { bundledScript } from '../bundled-script.ts'
import { besideOthers, onEach, perSecond, restartsOf } from '../beside.ts'
import { expect } from '../check.ts'
import type { Check } from '../check.ts'
import { serving, withDocument } from '../documents.ts'
import { since, until } from '../patience.ts'
import { startTraffic } from '../traffic.ts'
import { untilItAnswers } from '../well.ts'
import { untilKeysWork } from './keys.ts'

const silentCalls = 200

/** What goes wrong in one module stays there. */
export const blastChecks: readonly Check[] = [
  {
    group: 'blast',
    what: 'a module that cannot read its document: the others do not notice, and it does not crash',
    run: (stage) =>
      onEach(stage, (sick) =>
        besideOthers(stage, sick, () =>
          withDocument(
            stage,
            { module: sick.name, change: () => 'model_list: [{ this is: no, document\n' },
            async () => {
              const startedAt = performance.now()
              await stage.kubectl.do([
                'delete',
                'pods',
                '--selector',
                `module=${sick.name}`,
                '--wait=false',
              ])
              const [one] = await until(
                'its new pods say what they wait for',
                async () => {
                  const all = await serving(stage.kubectl, sick.name)
                  return all.length > 0 && all.every(({ reason }) => reason !== undefined) && all
                },
                { seconds: 120 },
              )
              await sleep(20_000)
              return `not ready after ${since(startedAt)}: ${one?.reason?.split('\n')[0]?.slice(0, 120)}`
            },
          ),
        ),
      ),
  },
  {
    group: 'blast',
    what: 'a backend that never answers holds up its own module alone',
    run: (stage) =>
      onEach(
        stage,
        (sick) =>
          besideOthers(stage, sick, async () => {
            const base = `http://${await stage.host()}:${sick.nodePort}`
            const calls = Array.from({ length: silentCalls }, () =>
              send(base, requestTo(sick, 'never'), { timeoutMs: 15_000 }),
            )
            const answers = await Promise.all(calls)
            const own = await send(base, requestTo(sick))
            expect(own.status === 200, `${sick.name} itself: ${own.status} ${own.text}`)
            const silent = answers.filter(({ status }) => status === 0).length
            return `${silent} of ${silentCalls} calls waited 15 s in vain; another answered at once`
          }),
        (module) => requestTo(module).method === 'POST',
      ),
  },
  {
    group: 'blast',
    what: 'ten times the load on one module',
    run: (stage) =>
      onEach(stage, (sick) =>
        besideOthers(stage, sick, async () => {
          const base = `http://${await stage.host()}:${sick.nodePort}`
          const flood = startTraffic(base, requestTo(sick), { perSecond: perSecond * 10 })
          await sleep(12_000)
          const { sent, failures, p99Ms } = await flood.stop()
          return `${sent} requests at ${perSecond * 10}/s, ${failures.length} failed, p99 ${p99Ms} ms`
        }),
      ),
  },
  {
    group: 'blast',
    what: 'a module whose memory runs out is killed and comes back; the others do not notice',
    run: (stage) =>
      onEach(stage, (sick) =>
        besideOthers(
          stage,
          sick,
          async () => {
            const { kubectl } = stage
            const before = await restartsOf(stage, sick)
            const path = `deployment/${sick.name}-gateway`
            const [victim] = await kubectl.standing(sick.name)
            expect(victim !== undefined, `${sick.name} has no pod`)
            const startedAt = performance.now()
            // Ends with the container that it is in.
            await kubectl.node(`pod/${victim.name}`, eatTogether).catch(() => undefined)
            await until(
              `the kernel ends the gateway of ${sick.name}`,
              async () => (await restartsOf(stage, sick)) > before,
              { seconds: 60 },
            )
            const killed = since(startedAt)
            await kubectl.rolledOut(path)
            await untilItAnswers(stage, sick)
            const pod = await kubectl.json('get', 'pod', victim.name)
            const how = textAt(pod, ...lastEnd, 'reason')
            expect(how === 'OOMKilled', `it ended by ${how}`)
            return `${how} after ${killed}, answers again ${since(startedAt)} after it began`
          },
          { mayRestart: true },
        ),
      ),
  },
  {
    group: 'blast',
    what: 'a module that takes all its connections to Postgres leaves the others theirs',
    run: async (stage) => {
      const [sick] = stage.others
      if (sick === undefined) return 'there is but one module'
      const { kubectl, subject } = stage
      await untilKeysWork(stage)
      const script = await bundledScript(import.meta.resolve('../take-connections.ts'))
      const holding = kubectl.node(`deploy/${sick.name}-gateway`, script, 120_000)
      // Whatever becomes of it is told when it is awaited below.
      holding.catch(() => undefined)
      await sleep(4000)
      const startedAt = performance.now()
      await kubectl.do(['delete', 'pods', '--selector', `module=${subject.name}`, '--wait=false'])
      await kubectl.rolledOut(`deployment/${subject.name}-gateway`)
      await until(
        `new pods of ${subject.name} have Postgres`,
        async () => {
          const all = await serving(kubectl, subject.name)
          return all.length > 0 && all.every(({ db }) => db === 'connected')
        },
        { seconds: 60 },
      )
      const took = since(startedAt)
      const said = await holding
      expect(
        /^\d+ taken, then/.test(said) && !said.startsWith('0 '),
        `${sick.name} was not stopped: ${said}`,
      )
      return `${sick.name}: ${said}; new pods of ${subject.name} have theirs after ${took}`
    },
  },
]

const lastEnd = ['status', 'containerStatuses', 0, 'lastState', 'terminated'] as const

/** Processes beside the gateway, each smaller than it, until the kernel ends the greatest, which is the gateway. */
const eatTogether = `
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
const own = Number(/VmRSS:\\s+(\\d+)/.exec(readFileSync('/proc/1/status', 'utf8'))[1]) * 1024
const most = Math.round(own * 0.8)
const eater = 'const kept = []; while (process.memoryUsage.rss() < ' + most + ') kept.push(Buffer.alloc(1 << 20, 1)); setInterval(() => undefined, 1000)'
for (let count = 0; count < 60; count += 1) {
  spawn(process.execPath, ['--eval', eater], { stdio: 'ignore' })
  await new Promise((resolve) => setTimeout(resolve, 400))
}
`
