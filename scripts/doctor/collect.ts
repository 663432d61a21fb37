import { readFleet } from '../../infra/fleet.ts'
import type { FleetModule } from '../../infra/fleet.ts'
import { imageName } from '../../infra/image-tag.ts'
import { askPort } from './ask-port.ts'
import { insideQuestion, portOf, readDns, readExamination } from './ask-inside.ts'
import type { InsideReading } from './ask-inside.ts'
import { StepError } from '../deploy/command.ts'
import type { Run } from '../deploy/command.ts'
import { findCluster } from '../deploy/find-cluster.ts'
import type { Cluster } from '../deploy/cluster.ts'
import { listAt, numberAt, parseJson, textAt, textsAt } from '../deploy/read-json.ts'
import { examineFrom, examineFromNewPod } from './examine-pod.ts'
import type { Facts, ModuleFacts, PodFacts, ReadinessFacts } from './facts.ts'
import { readModuleFacts, readPostgresFacts } from './read-modules.ts'
import type { Objects } from './read-modules.ts'
import { askedByTheirOwn } from './own-backends.ts'
import { readClaims, readNodes, readPod } from './read-pods.ts'
import { bodyOf, readinessRequest, readReadiness } from './readiness.ts'

/** Looks at everything the rules go by. Only looks: nothing in the cluster changes. */
export async function collectFacts(run: Run, root: string): Promise<Facts> {
  const { platform, modules: members } = readFleet(root)
  const { namespace } = platform
  const ask = new Kubectl(run, namespace)
  const cluster = await findCluster(run).catch((error: unknown) => {
    if (error instanceof StepError) return error
    throw error
  })
  if (cluster instanceof StepError)
    return { ...nothingSeen(namespace), apiSaid: cluster.said || cluster.message }
  const [nodes, space, objects, secrets, services, dns, proxy, classes, apiSlices] =
    await Promise.all([
      ask.json('get', 'nodes'),
      ask.json('get', 'namespace', namespace, '--ignore-not-found'),
      ask.objects(),
      ask.secretKeys(),
      ask.json('get', 'services', '--all-namespaces'),
      ask.dns(),
      ask.json('get', 'pods', '--namespace=kube-system', '--selector=k8s-app=kube-proxy'),
      ask.json('get', 'storageclasses'),
      ask.json(
        'get',
        'endpointslices',
        '--namespace=default',
        '--selector=kubernetes.io/service-name=kubernetes',
      ),
    ])
  const isPostgresOurs = platform.postgres.mode === 'bundled'
  const read = (member: FleetModule) =>
    readModuleFacts(member, { objects, isPostgresOurs, openSecrets: secrets ?? {} })
  const modules = await Promise.all(
    members
      .map(read)
      .map(async (module) => ({ ...module, readiness: await ask.readiness(module, objects) })),
  )
  const postgres = isPostgresOurs ? readPostgresFacts(objects, await ask.rolesLog()) : undefined
  const events = objects.items.filter((item) => textAt(item, 'kind') === 'Event')
  const claims = objects.items.filter((item) => textAt(item, 'kind') === 'PersistentVolumeClaim')
  const proxyPods = listAt(proxy, 'items').map((pod) => readPod(pod))
  const facts: Facts = {
    namespace,
    cluster,
    nodes: readNodes(nodes),
    isNamespaceThere: textAt(space, 'metadata', 'name') !== undefined,
    dns: readDns({ services, slices: dns.slices, pods: dns.pods }, dns.log),
    ...(proxyPods.length > 0 && { proxyPods }),
    modules,
    ...(postgres && { postgres }),
    claims: readClaims(claims, events, defaultClassIn(classes)),
    ...(secrets && { secrets }),
    ...(services !== undefined && { nodePorts: nodePortsIn(services) }),
  }
  const apiService = listAt(services, 'items').find(
    (one) =>
      textAt(one, 'metadata', 'name') === 'kubernetes' &&
      textAt(one, 'metadata', 'namespace') === 'default',
  )
  const inside = await lookInside(run, facts, {
    objects,
    apiService,
    apiSlices,
    image: imageName(platform, root),
  })
  return { ...facts, ...inside, ...(await loopbackPorts(cluster, modules)) }
}

function nothingSeen(namespace: string): Facts {
  return {
    namespace,
    nodes: [],
    isNamespaceThere: false,
    dns: { endpoints: [], pods: [], log: '' },
    modules: [],
    claims: [],
  }
}

type Around = Pick<InsideReading, 'objects' | 'apiService' | 'apiSlices'> & {
  readonly image: string
}

async function lookInside(
  run: Run,
  facts: Facts,
  around: Around,
): Promise<Pick<Facts, 'inside' | 'insideSaid'>> {
  const deployed = facts.modules.filter(({ workload }) => workload === 'there')
  if (deployed.length === 0) return { insideSaid: 'no module is there' }
  const running = deployed
    .flatMap(({ pods }) => pods)
    .filter(
      ({ phase, waiting, unschedulable }) =>
        phase === 'Running' && waiting === undefined && unschedulable === undefined,
    )
    .sort((left, right) => Number(right.isReady) - Number(left.isReady))
  const said: string[] = []
  // The first may be one that is just ending.
  for (const { name } of running.slice(0, 2)) {
    const reading = { ...facts, ...around, from: name }
    const examined = await examineFrom(
      run,
      { name, namespace: facts.namespace },
      insideQuestion(reading),
    )
    if ('examination' in examined) {
      const inside = readExamination(examined.examination, reading)
      return { inside: await askedByTheirOwn(run, inside, facts) }
    }
    said.push(`${name}: ${examined.said}`)
  }
  const reading = { ...facts, ...around, from: 'a pod of the doctor' }
  const image = deployed.find((module) => module.image !== undefined)?.image ?? around.image
  const examined = await examineFromNewPod(
    run,
    { namespace: facts.namespace, image },
    insideQuestion(reading),
  )
  if ('examination' in examined) return { inside: readExamination(examined.examination, reading) }
  return { insideSaid: [...said, `a pod of its own: ${examined.said}`].join('; ') }
}

/** Which model servers answer on this machine's own loopback, where this is the machine they are meant to run on. */
async function loopbackPorts(
  { kind }: Cluster,
  modules: readonly ModuleFacts[],
): Promise<Pick<Facts, 'loopbackPorts'>> {
  if (kind === 'remote') return {}
  const ports = new Set(
    modules.flatMap(({ backends }) =>
      backends.filter((one) => one.isBackendHost).map(({ port }) => port),
    ),
  )
  const open = await Promise.all(
    [...ports].map(async (port) => ({ port, isOpen: await askPort('127.0.0.1', port) })),
  )
  return { loopbackPorts: open.filter(({ isOpen }) => isOpen).map(({ port }) => port) }
}

function defaultClassIn(classes: unknown): boolean | undefined {
  if (classes === undefined) return undefined
  return listAt(classes, 'items').some(
    (one) =>
      textsAt(one, 'metadata', 'annotations')['storageclass.kubernetes.io/is-default-class'] ===
      'true',
  )
}

function nodePortsIn(services: unknown): { port: number; service: string }[] {
  return listAt(services, 'items').flatMap((service) => {
    const name = `${textAt(service, 'metadata', 'namespace')}/${textAt(service, 'metadata', 'name')}`
    return listAt(service, 'spec', 'ports').flatMap((one) => {
      const port = numberAt(one, 'nodePort')
      return port === undefined ? [] : [{ port, service: name }]
    })
  })
}

const kinds =
  'deployments,statefulsets,services,configmaps,pods,persistentvolumeclaims,horizontalpodautoscalers,events'

/** What kubectl is asked; what it may not see is undefined. */
class Kubectl {
  readonly #run: Run
  readonly #namespace: string

  constructor(run: Run, namespace: string) {
    this.#run = run
    this.#namespace = namespace
  }

  async json(...args: readonly string[]): Promise<unknown> {
    return parseJson(await this.#text(...args, '--output=json'))
  }

  async objects(): Promise<Objects> {
    return {
      items: listAt(await this.json('get', kinds, `--namespace=${this.#namespace}`), 'items'),
    }
  }

  /** Names alone: a value never leaves kubectl. */
  async secretKeys(): Promise<Readonly<Record<string, readonly string[]>> | undefined> {
    const template =
      '{{range .items}}{{.metadata.name}}{{range $k, $v := .data}}{{if $v}} {{$k}}{{end}}{{end}}{{"\\n"}}{{end}}'
    const said = await this.#run(
      [
        'kubectl',
        'get',
        'secrets',
        `--namespace=${this.#namespace}`,
        `--output=go-template=${template}`,
      ],
      { timeoutMs: 15_000 },
    )
    if (said.status !== 0) return undefined
    const lines = said.stdout.split('\n').filter((line) => line !== '')
    return Object.fromEntries(
      lines.map((line) => [line.split(' ')[0] ?? '', line.split(' ').slice(1)]),
    )
  }

  async dns(): Promise<{ slices: unknown; pods: PodFacts[]; log: string }> {
    const here = ['--namespace=kube-system', '--selector=k8s-app=kube-dns']
    const [slices, pods, log] = await Promise.all([
      this.json(
        'get',
        'endpointslices',
        '--namespace=kube-system',
        '--selector=kubernetes.io/service-name=kube-dns',
      ),
      this.json('get', 'pods', ...here),
      this.#text('logs', ...here, '--tail=50'),
    ])
    return { slices, pods: listAt(pods, 'items').map((pod) => readPod(pod)), log }
  }

  rolesLog(): Promise<string> {
    return this.#text(
      'logs',
      'postgres-0',
      `--namespace=${this.#namespace}`,
      '--container=roles',
      '--tail=5',
    )
  }

  /** Of each pod: through the API where it is ready, else from inside it. */
  async readiness({ pods }: ModuleFacts, objects: Objects): Promise<ReadinessFacts[]> {
    const asked = pods
      .filter(({ phase, waiting }) => phase === 'Running' && waiting === undefined)
      .map(async ({ name, isReady }) => {
        const port = portOf(objects, name) ?? 4000
        return readReadiness(
          name,
          isReady ? await this.#throughApi(name, port) : await this.#fromInside(name, port),
        )
      })
    return (await Promise.all(asked)).filter((one) => one !== undefined)
  }

  #throughApi(pod: string, port: number): Promise<string> {
    return this.#text(
      'get',
      '--raw',
      `/api/v1/namespaces/${this.#namespace}/pods/${pod}:${port}/proxy/health/readiness`,
    )
  }

  async #fromInside(pod: string, port: number): Promise<string | undefined> {
    const door = { id: 'self', host: '127.0.0.1', port, say: readinessRequest }
    const question = { timeoutMs: 3000, ask: [], reach: [door] }
    const examined = await examineFrom(
      this.#run,
      { name: pod, namespace: this.#namespace },
      question,
    )
    return 'examination' in examined
      ? bodyOf(examined.examination.reached['self']?.heard)
      : undefined
  }

  async #text(...args: readonly string[]): Promise<string> {
    return (await this.#run(['kubectl', ...args], { timeoutMs: 15_000 })).stdout
  }
}
