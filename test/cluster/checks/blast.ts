import { setTimeout as sleep } from 'node:timers/promises'
import { chatAsk, requestTo, send } from '../asks.ts'
import { expect } from '../check.ts'
import type { Check, Stage } from '../check.ts'
import { serving, withDocument } from '../documents.ts'
import type { TestedModule } from '../fleet-folder.ts'
import { since, until } from '../patience.ts'
import { startTraffic } from '../traffic.ts'
import type { TrafficCount } from '../traffic.ts'
import { untilKeysWork } from './keys.ts'

const perSecond = 5
const baselineMs = 6000
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
              send(base, chatAsk(sick.key, 'never'), { timeoutMs: 15_000 }),
            )
            const answers = await Promise.all(calls)
            const own = await send(base, requestTo(sick))
            expect(own.status === 200, `${sick.name} itself: ${own.status} ${own.text}`)
            const silent = answers.filter(({ status }) => status === 0).length
            return `${silent} of ${silentCalls} calls waited 15 s in vain; another answered at once`
          }),
        ({ endpoints }) => endpoints.includes('chat-completions'),
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
    what: 'a process of one module that eats its memory is killed there',
    run: (stage) =>
      onEach(stage, (sick) =>
        besideOthers(
          stage,
          sick,
          async () => {
            const script =
              'const kept = []; for (;;) { kept.push(Buffer.alloc(16 * 1024 * 1024, 1)); await new Promise((r) => setTimeout(r, 20)) }'
            const said = await stage.kubectl.try(
              [
                'exec',
                `deploy/${sick.name}-gateway`,
                '-c',
                'gateway',
                '--',
                'node',
                '--input-type=module',
                '--eval',
                script,
              ],
              { timeoutMs: 60_000 },
            )
            expect(
              said.status === 137,
              `it ended with ${said.status}: ${said.stderr.slice(0, 200)}`,
            )
            await stage.kubectl.rolledOut(`deployment/${sick.name}-gateway`)
            return 'killed by the kernel, and the module serves'
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
      const holding = kubectl.node(`deploy/${sick.name}-gateway`, takeConnections, 120_000)
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

/** Takes connections by the module's own login until it gets no more, keeps them for a while, and says how many. */
const takeConnections = `
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
const { Client } = createRequire('/app/package.json')('pg')
const connectionString = readFileSync('/etc/colonnade/secrets/DATABASE_URL', 'utf8').trim()
const taken = []
let refusal = 'no end'
while (taken.length < 400) {
  const client = new Client({ connectionString })
  client.on('error', () => undefined)
  try { await client.connect(); taken.push(client) } catch (error) { refusal = error.message; break }
}
await new Promise((resolve) => setTimeout(resolve, 30000))
console.log(taken.length + ' taken, then: ' + refusal)
process.exit(0)
`

/** One module, or in the long form each that fits. */
async function onEach(
  { others, fleet, isLong, subject }: Stage,
  work: (sick: TestedModule) => Promise<string>,
  fits: (module: TestedModule) => boolean = () => true,
): Promise<string> {
  const candidates = (isLong ? fleet.modules : [...others, subject]).filter(fits)
  const said: string[] = []
  for (const sick of isLong ? candidates : candidates.slice(0, 1))
    said.push(`${sick.name}: ${await work(sick)}`)
  return said.join(' / ')
}

/** Breaks one module while all others get requests at a fixed rate: none of theirs may fail. */
async function besideOthers(
  stage: Stage,
  sick: TestedModule,
  breakIt: () => Promise<string>,
  { mayRestart = false } = {},
): Promise<string> {
  const well = stage.fleet.modules.filter(({ name }) => name !== sick.name)
  const host = await stage.host()
  const measure = (): (() => Promise<TrafficCount[]>) => {
    const all = well.map((module) =>
      startTraffic(`http://${host}:${module.nodePort}`, requestTo(module), { perSecond }),
    )
    return () => Promise.all(all.map((traffic) => traffic.stop()))
  }
  const restarts = await restartsByModule(stage)
  const endBaseline = measure()
  await sleep(baselineMs)
  const baseline = await endBaseline()
  const end = measure()
  let said: string
  let counts: TrafficCount[] = []
  try {
    said = await breakIt()
  } finally {
    counts = await end()
  }
  const failures = counts.flatMap((count) => count.failures)
  const sent = counts.reduce((sum, count) => sum + count.sent, 0)
  const compared = well.map(
    ({ name }, index) => `${name} ${baseline[index]?.p99Ms} → ${counts[index]?.p99Ms}`,
  )
  const seen = `${said}; others: ${sent} requests, ${failures.length} failed, p99 in ms ${compared.join(', ')}`
  expect(failures.length === 0, `${seen}: ${[...new Set(failures)].slice(0, 3).join(' | ')}`)
  const after = await restartsByModule(stage)
  const restarted = [...after].filter(
    ([name, count]) => count > (restarts.get(name) ?? 0) && !(mayRestart && name === sick.name),
  )
  expect(restarted.length === 0, `${seen}: restarted: ${restarted.map(([name]) => name).join()}`)
  return seen
}

async function restartsByModule({ kubectl }: Stage): Promise<Map<string, number>> {
  const counts = new Map<string, number>()
  for (const { module, restarts } of await kubectl.pods())
    counts.set(module, (counts.get(module) ?? 0) + restarts)
  return counts
}
