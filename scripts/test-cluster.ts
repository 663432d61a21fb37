import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { readFleet } from '../infra/fleet.ts'
import { imageTag } from '../infra/image-tag.ts'
import { groups, NotShown } from '../test/cluster/check.ts'
import type { Check, Stage } from '../test/cluster/check.ts'
import { checks } from '../test/cluster/checks/index.ts'
import { writeTestFleet } from '../test/cluster/fleet-folder.ts'
import type { TestFleet } from '../test/cluster/fleet-folder.ts'
import { Kubectl } from '../test/cluster/kubectl.ts'
import { findNamespace, removeNamespace } from '../test/cluster/namespace.ts'
import { removeNeeds } from '../test/cluster/needs.ts'
import { bringAddition, nextImage } from '../test/cluster/next-image.ts'
import { since } from '../test/cluster/patience.ts'
import { askModule } from './deploy/answers.ts'
import { clusterName, hasImage } from './deploy/cluster.ts'
import type { Cluster } from './deploy/cluster.ts'
import { lastLines, run, StepError } from './deploy/command.ts'
import { findCluster } from './deploy/find-cluster.ts'
import { buildImage, loadImage } from './deploy/image.ts'
import { failureLines } from './deploy/progress.ts'

const usage = `npm run test:cluster        the whole list on the cluster of the current kubeconfig; takes about 25 minutes
  -- --namespace <name>     works there (default: namespace of platform.yaml); made for the run, and removed
  -- --only <group>         ${groups.join(', ')},
                           or words of one check's line; may be given several times
  -- --image <name:tag>     the cluster has this image: neither builds nor loads one
  -- --long                 Postgres is away for five minutes, and every module gets its turn to be broken
  -- --keep                 leaves everything in place; the next run begins by removing it`

/**
 * `npm run test:cluster`: shows on a real cluster what the docs promise. The last line says `N passed, N failed`;
 * exit code 1 where one failed, 2 where nothing could be tested.
 */
const root = dirname(import.meta.dirname)
const cannotRun = 2

/** Why nothing can be tested here, and how to go on. */
class Unfit extends Error {}

async function main(): Promise<number> {
  const asked = readArguments()
  if (asked.help) {
    print(usage)
    return 0
  }
  const cluster = await findFitCluster()
  const fleet = readFleet(root)
  const [fault] = fleet.faults.filter(({ severity }) => severity === 'error')
  if (fault !== undefined) throw new Unfit(`${fault.file}: ${fault.message}`)
  const namespace = asked.namespace ?? fleet.platform.namespace
  print(`cluster: ${clusterName(cluster)}; namespace: ${namespace}`)
  await clear(namespace)
  const folder = mkdtempSync(join(tmpdir(), 'colonnade-cluster-test-'))
  const end = async (): Promise<void> => {
    if (asked.keep) return print(`Kept: namespace ${namespace}, and ${folder}.`)
    rmSync(folder, { recursive: true, force: true })
    await removeNeeds(run)
    await removeNamespace(run, namespace)
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => void end().finally(() => process.exit(130)))
  try {
    const name = fleet.platform.image
    const needsImage = wantedChecks(asked.only).some((check) => check.fleet !== 'without')
    const image = asked.image ?? (needsImage ? await bringImage(cluster, name) : name)
    const tested = writeTestFleet(folder, fleet, { namespace, image })
    return await runChecks(stageOf(tested, { cluster, isLong: asked.long }), asked.only)
  } finally {
    await end()
  }
}

async function findFitCluster(): Promise<Cluster> {
  const cluster = await findCluster(run).catch((error: unknown) => {
    if (!(error instanceof StepError)) throw error
    const [why = 'kubectl says nothing'] = lastLines(error.said, 1)
    throw new Unfit([`No cluster answers: ${why.trim()}`, ...error.advice].join('\n'))
  })
  if (cluster.kind === 'remote' && process.env['CI'])
    throw new Unfit('The cluster of this kubeconfig is elsewhere; without CI set it is tested.')
  return cluster
}

/** Never works beside what somebody else has there. */
async function clear(namespace: string): Promise<void> {
  const found = await findNamespace(run, namespace)
  if (found === 'foreign')
    throw new Unfit(
      `The namespace ${namespace} is there and was not made by this test, so it is left alone. Say --namespace with another name; where its node ports are taken too, use another cluster.`,
    )
  if (found === 'ours') {
    print(`Removing what an earlier run left in ${namespace} …`)
    await removeNamespace(run, namespace)
  }
}

async function bringImage(cluster: Cluster, name: string): Promise<string> {
  const startedAt = performance.now()
  const tag = /@sha256:|:[^/]+$/.test(name) ? name : `${name}:${imageTag(root)}`
  if (hasImage(cluster, tag)) {
    print(`image: ${tag}, on every node already`)
    return tag
  }
  const { builder, words } = await buildImage(run, { root, tag })
  print(`image: ${words} (${since(startedAt)})`)
  const loadedAt = performance.now()
  const how = await loadImage(run, { cluster, builder: builder.name, tag })
  print(`load: ${how} (${since(loadedAt)})`)
  return tag
}

function stageOf(
  fleet: TestFleet,
  { cluster, isLong }: { cluster: Cluster; isLong: boolean },
): Stage {
  const chat = fleet.modules.filter(({ endpoints }) => endpoints.includes('chat-completions'))
  const subject = chat.find(({ replicas }) => replicas > 1) ?? chat[0]
  if (subject === undefined)
    throw new Unfit('No module here offers chat-completions, which the tests need.')
  const others = fleet.modules
    .filter(({ name }) => name !== subject.name)
    // One that serves chat comes first: some faults need it.
    .toSorted((left, right) => Number(chat.includes(right)) - Number(chat.includes(left)))
  let host: string | undefined
  let next: Promise<string> | undefined
  const addition: Stage['addition'] = (what) =>
    bringAddition(run, { root, cluster, image: fleet.image }, what)
  return {
    kubectl: new Kubectl(run, fleet.namespace),
    fleet,
    cluster,
    subject,
    others,
    isLong,
    host: async () => (host ??= await findHost(cluster, subject)),
    nextImage: () => (next ??= addition(nextImage)),
    addition,
  }
}

/** The first address at which a node port is answered. */
async function findHost({ nodes }: Cluster, { nodePort, key }: Stage['subject']): Promise<string> {
  const hosts = ['127.0.0.1', ...nodes.flatMap(({ addresses }) => addresses)]
  const { url, fault } = await askModule({ hosts, port: nodePort, key, patienceMs: 30_000 })
  if (url === undefined)
    throw new Error(
      fault ??
        `node port ${nodePort} is not reached from here, by none of ${hosts.join(', ')}: let the cluster pass its node ports on (kind: extraPortMappings)`,
    )
  return new URL(url).hostname
}

/** Those that were asked for, and before them what makes a fleet where one of them looks at it. */
function wantedChecks(only: readonly string[]): Check[] {
  const isAsked = (check: Check): boolean =>
    only.length === 0 || only.some((words) => isMeant(check, words))
  const needsFleet = checks.some((check) => isAsked(check) && check.fleet !== 'without')
  return checks.filter((check) => isAsked(check) || (needsFleet && check.fleet === 'makes'))
}

async function runChecks(stage: Stage, only: readonly string[]): Promise<number> {
  const wanted = wantedChecks(only)
  let failures = 0
  let passes = 0
  for (const { group, what, fleet, run: show } of wanted) {
    const startedAt = performance.now()
    const told = await show(stage).then(
      (text) => ({ mark: 'ok    ', text }),
      (error: unknown) => ({
        mark: error instanceof NotShown ? '--    ' : 'FAILED',
        text: error instanceof Error ? error.message : String(error),
      }),
    )
    if (told.mark === 'FAILED') failures += 1
    if (told.mark === 'ok    ') passes += 1
    print(`${told.mark} ${group}: ${what}: ${told.text} (${since(startedAt)})`)
    if (fleet === 'makes' && told.mark === 'FAILED') {
      print('Without a fleet the rest is not run.')
      print(`${passes} passed, ${wanted.length - passes} failed`)
      return 1
    }
  }
  print(`${passes} passed, ${failures} failed`)
  return failures === 0 ? 0 : 1
}

function readArguments() {
  const values = parsedWords()
  const unknown = values.only.find((words) => !checks.some((check) => isMeant(check, words)))
  if (unknown !== undefined)
    throw new Unfit(
      `--only: expected one of ${groups.join(', ')}, or words of one check's line, found ${unknown}.`,
    )
  return values
}

function isMeant({ group, what }: Check, words: string): boolean {
  return group === words || (words.includes(' ') && what.includes(words))
}

function parsedWords() {
  try {
    return parseArgs({
      options: {
        help: { type: 'boolean', short: 'h', default: false },
        namespace: { type: 'string' },
        only: { type: 'string', multiple: true, default: [] },
        image: { type: 'string' },
        long: { type: 'boolean', default: false },
        keep: { type: 'boolean', default: false },
      },
    }).values
  } catch (error) {
    throw new Unfit(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`)
  }
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}

try {
  process.exitCode = await main()
} catch (error) {
  const lines =
    error instanceof StepError
      ? failureLines(error)
      : [error instanceof Error ? error.message : String(error)]
  print(['Nothing was tested on a cluster.', ...lines].join('\n'))
  process.exitCode = error instanceof Unfit ? cannotRun : 1
}
