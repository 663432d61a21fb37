import { parseJson, textAt } from '../../../scripts/deploy/read-json.ts'
import { get, send } from '../asks.ts'
import { expect, NotShown } from '../check.ts'
import type { Check, Stage } from '../check.ts'
import { doctorCodes } from '../doctor.ts'
import { canBreakCluster, withFault } from '../faults.ts'
import type { TestedModule } from '../fleet-folder.ts'
import { since, until } from '../patience.ts'
import { upstreamName } from '../upstream.ts'
import { askEach, untilItAnswers, withoutRestarts } from '../well.ts'
import { makeKey, opensBoth, untilKeysWork } from './keys.ts'

/** What the overlay takes off a node port for the module's own metrics port. */
const metricsBelow = 10_000

/** The way round a cluster that cannot be mended now. */
export const hostNetworkChecks: readonly Check[] = [
  {
    group: 'hostnetwork',
    what: 'overlays/hostnetwork serves where neither names nor cluster addresses lead anywhere, and crosses back',
    run: async (stage) => {
      const { cluster } = stage
      if (cluster.nodes.length !== 1)
        throw new NotShown(`it is for one node; here are ${cluster.nodes.length}`)
      const said = await inDeadNetwork(() => withoutRestarts(stage, () => serveOnNode(stage)))
      const startedAt = performance.now()
      await rollOut(stage, stage.fleet.kustomization)
      for (const module of stage.fleet.modules) await untilItAnswers(stage, module)
      await untilKeysWork(stage)
      return `${said}; all on node ports again ${since(startedAt)} after the next apply`
    },
  },
]

async function inDeadNetwork(work: () => Promise<string>): Promise<string> {
  if (!canBreakCluster) return `${await work()} (in a network that is well: no CLUSTER_FAULTS)`
  return withFault('dns-dead', () => withFault('cluster-ip', work))
}

async function serveOnNode(stage: Stage): Promise<string> {
  const startedAt = performance.now()
  await rollOut(stage, stage.fleet.hostNetworkKustomization)
  const ready = since(startedAt)
  for (const module of stage.fleet.modules) await untilItAnswers(stage, module)
  await askEach(stage)
  await untilPostgres(stage)
  const opened = await shareKey(stage)
  const metrics = await metricsOfEach(stage)
  const scraped = await scrapedModules(stage)
  const codes = await doctorCodes(stage)
  const others = codes.filter((code) => code !== 'dns-dead' && code !== 'cluster-ip')
  expect(others.length === 0, `doctor names ${others.join(', ')}, too`)
  expect(!canBreakCluster || codes.length === 2, `doctor names ${codes.join(', ') || 'nothing'}`)
  return `ready after ${ready}; all answer on the node; ${opened}; metrics on ${metrics}; ${scraped}; doctor names ${codes.join(' and ') || 'nothing'}`
}

async function rollOut({ kubectl, fleet }: Stage, kustomization: string): Promise<void> {
  await kubectl.do(['apply', '--kustomize', kustomization])
  const workloads = [
    'statefulset/postgres',
    'deployment/prometheus',
    `deployment/${upstreamName}`,
    ...fleet.modules.map(({ name }) => `deployment/${name}-gateway`),
  ]
  for (const path of workloads) await kubectl.rolledOut(path)
}

/** Each is asked where it serves: it has no port 4000 here. */
async function untilPostgres({ host, fleet }: Stage): Promise<void> {
  const at = await host()
  for (const { name, nodePort } of fleet.modules)
    await until(
      `${name} has Postgres`,
      async () => {
        const { text } = await send(`http://${at}:${nodePort}`, get('/health/readiness'))
        return textAt(parseJson(text), 'db') === 'connected'
      },
      { seconds: 120 },
    )
}

async function shareKey(stage: Stage): Promise<string> {
  const { subject, others } = stage
  const base = `http://${await stage.host()}:${subject.nodePort}`
  const key = await makeKey(base, subject.key)
  const [other = subject] = others
  await opensBoth(stage, [subject, other], key)
  return `a key of ${subject.name} opens ${other.name}`
}

async function metricsOfEach({ kubectl, subject, fleet }: Stage): Promise<string> {
  const urls = fleet.modules.map((module) => `http://127.0.0.1:${metricsPort(module)}/metrics`)
  const script = `const said = []; for (const url of ${JSON.stringify(urls)}) said.push(/module="([^"]+)"/.exec(await (await fetch(url)).text())?.[1]); console.log(said.join())`
  const names = await kubectl.node(`deploy/${subject.name}-gateway`, script)
  expect(names === fleet.modules.map(({ name }) => name).join(), `metrics are those of ${names}`)
  return fleet.modules.map(metricsPort).join(', ')
}

const metricsPort = ({ nodePort }: TestedModule): number => nodePort - metricsBelow

/** Prometheus listens on the node's loopback, where a gateway is, too. */
async function scrapedModules({ kubectl, subject, fleet }: Stage): Promise<string> {
  const query = encodeURIComponent('count(count by (module) (litellm_requests_total))')
  const url = `http://127.0.0.1:${fleet.prometheusPort}/api/v1/query?query=${query}`
  const script = `console.log(await (await fetch(${JSON.stringify(url)})).text())`
  const count = await until(
    'Prometheus has numbers of every module',
    async () => {
      const said = parseJson(await kubectl.node(`deploy/${subject.name}-gateway`, script))
      const seen = Number(textAt(said, 'data', 'result', 0, 'value', 1) ?? 0)
      return seen === fleet.modules.length && seen
    },
    { seconds: 90, everyMs: 2000 },
  )
  return `Prometheus on 127.0.0.1:${fleet.prometheusPort} has ${count} modules`
}
