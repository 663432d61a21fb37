import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseEnvText } from '../../infra/env-text.ts'
import { masterKeyName } from '../../infra/env-file.ts'
import { readFleet } from '../../infra/fleet.ts'
import type { FleetModule } from '../../infra/fleet.ts'
import { imageName } from '../../infra/image-tag.ts'
import { synth } from '../../infra/synth.ts'
import { chooseModules } from '../local/arguments.ts'
import type { AskedModule, ModuleAnswer } from './answers.ts'
import { applyFleet } from './apply.ts'
import type { DeployArguments } from './arguments.ts'
import { UsageError } from './arguments.ts'
import { clusterName, hasImage } from './cluster.ts'
import type { Cluster } from './cluster.ts'
import { lastLines, StepError } from './command.ts'
import type { Run } from './command.ts'
import { findCluster } from './find-cluster.ts'
import { buildImage, loadImage } from './image.ts'
import { ownersOf } from './owners.ts'
import type { Progress } from './progress.ts'
import { parseJson } from './read-json.ts'
import { readWorkloads, whyNotReady } from './rollout.ts'
import type { Workload } from './rollout.ts'
import { deployTable, whatNext } from './table.ts'

interface Stage {
  readonly root: string
  readonly run: Run
  readonly progress: Progress
  readonly asked: DeployArguments
  /** Asks a module by its node port, from here. */
  ask(module: AskedModule): Promise<ModuleAnswer>
}

/** A ready pod is in its Service at once; kube-proxy takes a moment. */
const answerPatienceMs = 10_000

/** From nothing to modules that answer. Throws StepError at the first step that cannot be done. */
export async function deploy(stage: Stage): Promise<void> {
  const { root, run, progress, asked } = stage
  const { platform, modules: all } = readFleet(root)
  const modules = choose(all, asked.modules)
  const names = modules.map(({ name }) => name)
  const tag = imageName(platform, root)
  let cluster: Cluster = { kind: 'remote', runtime: '', nodes: [] }
  await progress.step('cluster', async () => {
    cluster = await findCluster(run)
    return clusterName(cluster)
  })
  await progress.step('manifests', async () => writeManifests(root))
  await bringImage(stage, cluster, tag)
  await progress.step('apply', () =>
    applyFleet(run, { ...asked, root, namespace: platform.namespace }),
  )
  const waiting = new Waiting(stage, platform.namespace, ownersOf(root, names))
  await waiting.all()
  const answers = new Map<string, ModuleAnswer>()
  const keys = readKeys(root)
  const askOne = (module: FleetModule) =>
    progress.step(`ask ${module.name}`, async () => {
      const answer = await stage.ask({
        hosts: hostsOf(cluster),
        port: module.nodePort,
        patienceMs: answerPatienceMs,
        ...keyOf(module, keys),
      })
      answers.set(module.name, answer)
      return wordsOf(answer)
    })
  await Promise.all(modules.map(askOne))
  const workloads = await waiting.read()
  progress.say('')
  progress.say(deployTable(modules, { answers, workloads, keys }))
  for (const line of whatNext(modules, { answers, cluster, namespace: platform.namespace }))
    progress.say(line)
}

function choose(all: readonly FleetModule[], names: readonly string[]): readonly FleetModule[] {
  const chosen = chooseModules(all, names)
  if ('fault' in chosen) throw new UsageError(chosen.fault)
  return chosen
}

async function writeManifests(root: string): Promise<string> {
  const said: string[] = []
  const status = synth(root, [], (line) => said.push(line))
  if (status !== 0)
    throw new StepError(['npm', 'run', 'synth'], said.join('\n'), [
      'Correct what it names: npm run validate says more.',
    ])
  return (
    said
      .filter((line) => /^(k8s|\.env)/.test(line))
      // A dozen names say less than that there are some.
      .map((line) => line.replace(/(random values) for .*/, '$1.'))
      .join(' ')
  )
}

async function bringImage(
  { root, run, progress, asked }: Stage,
  cluster: Cluster,
  tag: string,
): Promise<void> {
  const isElsewhere = tag.includes('@sha256:')
  if (!asked.isLoadWanted || isElsewhere)
    return progress.step('image', async () => `${tag}, taken as it is`)
  if (hasImage(cluster, tag))
    return progress.step('image', async () => `${tag}, on every node already`)
  let builder: Awaited<ReturnType<typeof buildImage>>['builder'] | undefined
  await progress.step('image', async () => {
    const built = await buildImage(run, { ...asked, root, tag })
    builder = built.builder
    return built.words
  })
  const { name } = builder ?? {}
  if (name !== undefined)
    await progress.step('load', () => loadImage(run, { cluster, builder: name, tag }))
}

/** The wait for every workload, all at once; a line for each as it is through. */
class Waiting {
  readonly #stage: Stage
  readonly #namespace: string
  readonly #modules: readonly string[]

  constructor(stage: Stage, namespace: string, modules: readonly string[]) {
    this.#stage = stage
    this.#namespace = namespace
    this.#modules = modules
  }

  async all(): Promise<void> {
    const waits = (await this.read()).map((workload) => this.#waitFor(workload))
    const failures = (await Promise.allSettled(waits)).flatMap((one) =>
      one.status === 'rejected' ? [one.reason] : [],
    )
    if (failures.length > 0) throw failures[0]
  }

  async read(): Promise<Workload[]> {
    const command = this.#kubectl('get', 'deployments,statefulsets', '--output', 'json')
    const said = await this.#stage.run([
      ...command,
      '--selector',
      'app.kubernetes.io/part-of=colonnade',
    ])
    return readWorkloads(parseJson(said.stdout), this.#modules)
  }

  #waitFor({ path, module }: Workload): Promise<void> {
    const { run, progress, asked } = this.#stage
    const command = this.#kubectl('rollout', 'status', path, `--timeout=${asked.timeoutS}s`)
    return progress.step(`ready ${module}`, async () => {
      const said = await run(command)
      if (said.status === 0) return lastLines(said.stdout, 1).join('')
      const pods = await run(
        this.#kubectl('get', 'pods', '--selector', `module=${module}`, '--output', 'json'),
      )
      const why = whyNotReady(parseJson(pods.stdout))
      throw new StepError(command, [said.stderr, why ?? ''].join('\n'), [
        'npm run doctor says why, and what to do.',
        `kubectl logs --namespace ${this.#namespace} --selector module=${module} --all-containers --tail=20 shows what its pods said last.`,
      ])
    })
  }

  #kubectl(...args: string[]): string[] {
    return ['kubectl', ...args, '--namespace', this.#namespace]
  }
}

type Values = Readonly<Record<string, string>>

function readKeys(root: string): Values {
  const file = join(root, '.env')
  return existsSync(file) ? parseEnvText(readFileSync(file, 'utf8')) : {}
}

function keyOf({ name }: FleetModule, keys: Values): { key?: string } {
  const [key = ''] = (keys[masterKeyName(name)] ?? '').split(',')
  return key.trim() === '' ? {} : { key: key.trim() }
}

/** Where a node port may be reached: the nodes' own addresses, and this machine. */
function hostsOf({ nodes }: Cluster): string[] {
  return [...nodes.flatMap(({ addresses }) => addresses), '127.0.0.1']
}

function wordsOf({ url, models, fault }: ModuleAnswer): string {
  if (url !== undefined)
    return `${url} answers, ${models.length} model${models.length === 1 ? '' : 's'}`
  return fault ?? 'its node port is not to be reached from here'
}
