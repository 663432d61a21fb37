import { isIP } from 'node:net'
import type { Knock } from '../../gateway/doctor/knock.ts'
import { isNoneDriver } from '../deploy/cluster.ts'
import type { BackendFacts, Facts, Finding } from './facts.ts'
import type { Rule } from './rule.ts'
import { listed, nameless } from './rule.ts'

interface Faulty extends BackendFacts {
  readonly knock: Knock
  readonly modules: readonly string[]
}

type Kind = 'backend-is-pod' | 'backend-name-unknown' | 'backend-refused' | 'backend-silent'

/** Model servers that pods do not reach, by host and by how it fails. */
export const backendFaults: Rule = (facts, found) => {
  const groups = new Map<string, Faulty[]>()
  for (const backend of faultyOnes(facts)) {
    const kind = kindOf(backend, facts)
    if (!isKnownWrong(backend, facts) && isConsequence(backend, found)) continue
    const key = `${kind} ${backend.host}`
    groups.set(key, [...(groups.get(key) ?? []), backend])
  }
  return [...groups.values()].flatMap((group) => findingOf(group, facts))
}

function faultyOnes({ modules, inside }: Facts): Faulty[] {
  const all = new Map<string, Faulty>()
  for (const { name, backends, workload } of modules) {
    if (workload === 'absent') continue
    for (const backend of backends) {
      const address = addressOf(backend)
      const knock = inside?.backends[address]
      if (knock === undefined || knock.isOpen) continue
      const before = all.get(address)?.modules ?? []
      all.set(address, { ...backend, knock, modules: [...before, name] })
    }
  }
  return [...all.values()]
}

/** By which an answer is found again. */
export function addressOf({ host, port }: Pick<BackendFacts, 'host' | 'port'>): string {
  return `${host}:${port}`
}

function kindOf(backend: Faulty, facts: Facts): Kind {
  const { addresses, code } = backend.knock
  if (isKnownWrong(backend, facts)) return 'backend-is-pod'
  if (addresses.some((address) => /^127\.|^::1$/.test(address))) return 'backend-is-pod'
  if (addresses.length === 0) return 'backend-name-unknown'
  return code === 'ECONNREFUSED' ? 'backend-refused' : 'backend-silent'
}

const minikubesName = 'host.minikube.internal'

/** With the none driver minikube writes this name as 127.0.0.1, whoever answers look-ups or does not. */
function isKnownWrong({ host }: Faulty, { cluster }: Facts): boolean {
  return host === minikubesName && cluster !== undefined && isNoneDriver(cluster)
}

/** Where no name can be looked up, or no pod reached, a backend is not to blame. */
function isConsequence({ host, knock }: Faulty, found: Parameters<Rule>[1]): boolean {
  const isName = isIP(host.replace(/^\[|\]$/g, '')) === 0
  if (isName && knock.addresses.length === 0) return found.has(...nameless)
  const isOfCluster = /\.svc(\.|$)/.test(host) || !host.includes('.')
  return found.has('pod-network') || (isOfCluster && isName && found.has('cluster-ip'))
}

function findingOf(group: readonly Faulty[], facts: Facts): Finding[] {
  const [first] = group
  if (first === undefined) return []
  const code = kindOf(first, facts)
  const names = listed(group.flatMap(({ modules }) => modules))
  const evidence = group.map(
    ({ host, port, knock }) =>
      `${host}:${port}: ${knock.addresses.length > 0 ? `${knock.addresses.join(', ')}, ` : ''}${knock.code}`,
  )
  return [
    {
      code,
      what: words[code](first.host, names, group),
      evidence,
      fix: fixes[code](first, facts, group),
    },
  ]
}

type Words = (host: string, names: string, group: readonly Faulty[]) => string

const words: Readonly<Record<Kind, Words>> = {
  'backend-is-pod': (host, names) =>
    `${names}: ${host} means 127.0.0.1, which in a pod is the pod itself. No model server is there.`,
  'backend-name-unknown': (host, names) =>
    `${names}: nobody in the cluster knows the name ${host}.`,
  'backend-refused': (host, names, group) =>
    `${names}: ${host} refuses port ${listed(group.map(({ port }) => String(port)))}: no model server listens there for pods.`,
  'backend-silent': (host, names, group) =>
    `${names}: nothing comes back from ${host}, port ${listed(group.map(({ port }) => String(port)))}.`,
}

type Fix = (first: Faulty, facts: Facts, group: readonly Faulty[]) => string[]

const fixes: Readonly<Record<Kind, Fix>> = {
  'backend-is-pod': (first, { cluster }) => [
    ...(cluster !== undefined && isNoneDriver(cluster)
      ? ['With --driver=none, minikube writes host.minikube.internal as 127.0.0.1.']
      : []),
    ...hostFix(first),
  ],
  'backend-name-unknown': (first) => [
    ...(first.host === minikubesName ? ['Only minikube knows this name.'] : []),
    ...hostFix(first),
  ],
  'backend-refused': (first, { loopbackPorts }, group) => {
    const isLoopbackOnly = group.some(({ port }) => loopbackPorts?.includes(port))
    return [
      isLoopbackOnly
        ? 'It runs, and listens on 127.0.0.1 alone, where no pod gets. Let it listen on every address:'
        : 'Start it there, listening on every address and not on 127.0.0.1 alone:',
      'OLLAMA_HOST=0.0.0.0 ollama serve',
      './webui.sh --api --listen',
      'or --host 0.0.0.0, as most others call it.',
      ...(first.isBackendHost
        ? ['Elsewhere? Then name its machine: backend_host in platform.yaml.']
        : []),
    ]
  },
  'backend-silent': (first, { cluster }) => [
    `Open the port in the firewall of ${first.host} for the addresses of nodes and pods, such as: ufw allow from <pod CIDR> to any port ${first.port}`,
    ...(cluster?.kind === 'kind' || cluster?.kind === 'k3d'
      ? [
          'From kind and k3d the machine is the gateway of their Docker network: docker network inspect kind shows it.',
        ]
      : []),
    ...(first.isBackendHost ? ['Or it is the wrong machine: backend_host in platform.yaml.'] : []),
  ],
}

function hostFix({ isBackendHost, host }: Faulty): string[] {
  return isBackendHost
    ? [
        'In platform.yaml: backend_host: node (the servers run on the node), or the address of the machine they run on.',
        'npm run deploy',
      ]
    : [
        `Write the server's address instead of ${host} into api_base in the module file, then: npm run deploy`,
      ]
}
