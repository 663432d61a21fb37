import type { DnsAnswer } from '../../../gateway/doctor/ask-dns.ts'
import type { Knock } from '../../../gateway/doctor/knock.ts'
import type { Facts, InsideFacts, ModuleFacts, PodFacts } from '../../../scripts/doctor/facts.ts'
import { recordedCluster } from '../deploy/recorded.ts'

export const answered: DnsAnswer = { isAnswered: true }
export const lost: DnsAnswer = { isAnswered: false, code: 'ETIMEDOUT' }

export function openAt(address: string): Knock {
  return { isOpen: true, addresses: [address] }
}

export function failing(code: string, ...addresses: readonly string[]): Knock {
  return { isOpen: false, addresses, code }
}

export function pod(name: string, more: Partial<PodFacts> = {}): PodFacts {
  return {
    name,
    phase: 'Running',
    isReady: true,
    restarts: 0,
    ip: '10.244.0.9',
    image: 'colonnade-gateway:1a',
    ...more,
  }
}

export function moduleFacts(name: string, more: Partial<ModuleFacts> = {}): ModuleFacts {
  return {
    name,
    nodePort: { llm: 30100, vision: 30200 }[name] ?? 30300,
    workload: 'there',
    wanted: 1,
    image: 'colonnade-gateway:1a',
    pods: [pod(`${name}-1`)],
    isServiceThere: true,
    secret: { name: `${name}-keys`, keys: ['LITELLM_MASTER_KEY', 'SALT_KEY', 'DATABASE_URL'] },
    readiness: [{ pod: `${name}-1`, status: 'healthy', db: 'connected' }],
    backends: [{ host: 'host.minikube.internal', port: 11434, isBackendHost: true }],
    ...more,
  }
}

const keys = ['DATABASE_URL', 'LITELLM_MASTER_KEY', 'SALT_KEY']

/** Three modules, Postgres and a model server, all well. */
export const healthy: Facts = {
  namespace: 'ai-gateway',
  cluster: recordedCluster('minikube-docker'),
  nodes: [{ name: 'minikube', isReady: true, pressures: [], taints: [] }],
  isNamespaceThere: true,
  dns: {
    clusterIp: '10.96.0.10',
    endpoints: [{ ip: '10.244.0.2', port: 53 }],
    pods: [pod('coredns-1', { ip: '10.244.0.2' })],
    log: '',
  },
  proxyPods: [pod('kube-proxy-1')],
  modules: [moduleFacts('audio'), moduleFacts('llm'), moduleFacts('vision')],
  postgres: {
    pods: [pod('postgres-0', { image: 'postgres:15' })],
    isWorkloadThere: true,
    wanted: 1,
    rolesLog: 'roles: ready: audio llm',
    secret: { name: 'postgres', keys: ['POSTGRES_PASSWORD'] },
  },
  claims: [
    {
      name: 'data-postgres-0',
      module: 'postgres',
      phase: 'Bound',
      storageClass: 'standard',
      hasDefaultClass: true,
    },
  ],
  secrets: {
    'audio-keys': keys,
    'llm-keys': keys,
    'vision-keys': keys,
    postgres: ['POSTGRES_PASSWORD'],
  },
  nodePorts: [
    { port: 30100, service: 'ai-gateway/llm-gateway' },
    { port: 30300, service: 'ai-gateway/audio-gateway' },
  ],
  inside: {
    from: 'audio-1',
    nameServers: ['10.96.0.10'],
    dnsByService: { udp: answered, tcp: answered },
    dnsByEndpoint: { '10.244.0.2:53': answered },
    lookUp: openAt('10.96.0.1'),
    services: [
      {
        name: 'kubernetes',
        isPod: false,
        byService: openAt('10.96.0.1'),
        byEndpoint: openAt('192.168.49.2'),
      },
      {
        name: 'postgres',
        isPod: true,
        byService: openAt('10.96.7.7'),
        byEndpoint: openAt('10.244.0.5'),
      },
      {
        name: 'llm',
        isPod: true,
        byService: openAt('10.96.8.8'),
        byEndpoint: openAt('10.244.0.6'),
      },
    ],
    backends: { 'host.minikube.internal:11434': openAt('192.168.49.1') },
  },
  loopbackPorts: [],
}

/** What the pod found, changed. */
export function seenInside(
  facts: Facts,
  change: (inside: InsideFacts) => Partial<InsideFacts>,
): Facts {
  return facts.inside === undefined
    ? facts
    : { ...facts, inside: { ...facts.inside, ...change(facts.inside) } }
}

export function changed(facts: Facts, name: string, more: Partial<ModuleFacts>): Facts {
  return {
    ...facts,
    modules: facts.modules.map((module) =>
      module.name === name ? { ...module, ...more } : module,
    ),
  }
}

const unconnected = (facts: Facts, dbCause: string): Facts => ({
  ...facts,
  modules: facts.modules.map((module) => ({
    ...module,
    readiness: module.readiness.map((one) => ({ ...one, db: 'Not connected', dbCause })),
  })),
})

const namesGone = (facts: Facts): Facts =>
  seenInside(facts, ({ backends }) => ({
    lookUp: failing('EAI_AGAIN'),
    backends: Object.fromEntries(
      Object.keys(backends).map((address) => [address, failing('EAI_AGAIN')]),
    ),
  }))

const throughServices =
  (code: string, which: (isPod: boolean) => boolean) =>
  (facts: Facts): Facts =>
    seenInside(facts, ({ services }) => ({
      services: services.map((one) =>
        which(one.isPod) ? { ...one, byService: failing(code, '10.96.0.1') } : one,
      ),
      dnsByService: { udp: lost, tcp: lost },
    }))

interface Fault {
  readonly code: string
  readonly inject: (facts: Facts) => Facts
}

/** Each cause, as a cluster shows it, consequences and all. */
export const faults: Readonly<Record<string, Fault>> = {
  'DNS does not answer': {
    code: 'dns-dead',
    inject: (facts) =>
      unconnected(
        namesGone(
          seenInside(facts, ({ dnsByEndpoint }) => ({
            dnsByService: { udp: lost, tcp: lost },
            dnsByEndpoint: Object.fromEntries(
              Object.keys(dnsByEndpoint).map((address) => [address, lost]),
            ),
          })),
        ),
        'DNS does not answer',
      ),
  },
  'Services lead nowhere': {
    code: 'cluster-ip',
    inject: (facts) =>
      unconnected(
        namesGone(throughServices('ETIMEDOUT', () => true)(facts)),
        'DNS does not answer',
      ),
  },
  'Postgres is scaled to none': {
    code: 'postgres-absent',
    inject: (facts) => {
      const away = unconnected(facts, 'connection refused')
      const without = seenInside(away, ({ services }) => ({
        services: services.filter(({ name }) => name !== 'postgres'),
      }))
      return facts.postgres
        ? { ...without, postgres: { ...facts.postgres, wanted: 0, pods: [] } }
        : without
    },
  },
  'Postgres takes no login': {
    code: 'postgres-refusing',
    inject: (facts) => unconnected(facts, 'wrong password'),
  },
  'the disk of the node is full': {
    code: 'node-pressure',
    inject: (facts) => ({
      ...facts,
      nodes: facts.nodes.map((node) => ({
        ...node,
        pressures: ['DiskPressure'],
        taints: ['node.kubernetes.io/disk-pressure'],
      })),
    }),
  },
  'the backend host means the pod itself': {
    code: 'backend-is-pod',
    inject: (facts) => ({
      ...seenInside(facts, () => ({
        backends: { 'host.minikube.internal:11434': failing('ECONNREFUSED', '127.0.0.1') },
      })),
      cluster: recordedCluster('minikube-none'),
    }),
  },
  'a module has no Secret': {
    code: 'secret-missing',
    inject: (facts) => {
      const { 'llm-keys': _, ...secrets } = facts.secrets ?? {}
      const reason = 'no master key yet: waiting for LITELLM_MASTER_KEY'
      return changed({ ...facts, secrets }, 'llm', {
        pods: [pod('llm-1', { isReady: false })],
        readiness: [{ pod: 'llm-1', status: 'unhealthy', db: 'not configured', reason }],
      })
    },
  },
  'a node port is taken': {
    code: 'node-port-taken',
    inject: (facts) => ({
      ...changed(facts, 'audio', { isServiceThere: false }),
      nodePorts: [{ port: 30300, service: 'shop/front' }],
    }),
  },
  'an image is not there': {
    code: 'image-missing',
    inject: (facts) =>
      changed(facts, 'audio', {
        pods: [pod('audio-1', { isReady: false, phase: 'Pending', waiting: 'ErrImagePull' })],
        readiness: [],
      }),
  },
  'a document is poisoned': {
    code: 'config-refused',
    inject: (facts) =>
      changed(facts, 'vision', {
        readiness: facts.modules
          .filter(({ name }) => name === 'vision')
          .flatMap(({ readiness }) =>
            readiness.map((one) => ({ ...one, configRefused: 'model_list: expected a list' })),
          ),
      }),
  },
  'no node has room': {
    code: 'pods-pending',
    inject: (facts) =>
      changed(facts, 'vision', {
        wanted: 2,
        pods: [
          pod('vision-1'),
          pod('vision-2', {
            isReady: false,
            phase: 'Pending',
            unschedulable: '0/1 nodes are available: 1 Insufficient memory.',
          }),
        ],
      }),
  },
}
