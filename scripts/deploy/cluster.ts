import { listAt, textAt, textsAt } from './read-json.ts'

/** What kind of cluster the current kubeconfig leads to, as far as bringing an image there goes. */
type ClusterKind =
  | 'minikube'
  | 'kind'
  | 'k3d'
  | 'k3s'
  | 'docker-desktop'
  | 'containerd'
  | 'docker'
  | 'cri-o'
  | 'remote'

export interface Cluster {
  readonly kind: ClusterKind
  /** Of a minikube profile, or of a kind or k3d cluster. */
  readonly name?: string
  /** minikube's: docker, kvm2, none, … */
  readonly driver?: string
  /** `containerd`, `docker`, `cri-o` */
  readonly runtime: string
  readonly nodes: readonly ClusterNode[]
  /** The runtime's socket, where the node tells it. */
  readonly socket?: string
}

interface ClusterNode {
  readonly name: string
  readonly addresses: readonly string[]
  /** It is the machine this runs on. */
  readonly isHere: boolean
  /** Images it has, as it names them. */
  readonly images: readonly string[]
}

/** What the tools said, and who we are. */
export interface ClusterFacts {
  /** Of `kubectl get nodes -o json`. */
  readonly nodes: unknown
  /** Of `minikube profile list -o json`; absent: no minikube here. */
  readonly minikubeProfiles?: unknown
  readonly hostname: string
  /** Of this machine's interfaces. */
  readonly addresses: readonly string[]
}

/** Tells what cluster it is from what the tools said. */
export function detectCluster(facts: ClusterFacts): Cluster {
  const written = listAt(facts.nodes, 'items')
  const nodes = written.map((node) => readNode(node, facts))
  const [first] = written
  const runtime =
    (textAt(first, 'status', 'nodeInfo', 'containerRuntimeVersion') ?? '').split(':')[0] ?? ''
  return { ...kindOf(first, { facts, nodes, runtime }), ...socketOf(first), runtime, nodes }
}

interface Seen {
  readonly facts: ClusterFacts
  readonly nodes: readonly ClusterNode[]
  readonly runtime: string
}

type Kind = Pick<Cluster, 'kind' | 'name' | 'driver'>

function kindOf(node: unknown, { facts, nodes, runtime }: Seen): Kind {
  const labels = textsAt(node, 'metadata', 'labels')
  const provider = textAt(node, 'spec', 'providerID') ?? ''
  const nodeName = textAt(node, 'metadata', 'name') ?? ''
  const profile = labels['minikube.k8s.io/name']
  if (profile !== undefined) return { kind: 'minikube', name: profile, ...driverOf(profile, facts) }
  // kind://docker/<cluster>/<node>
  const kind = /^kind:\/\/[^/]+\/([^/]+)\//.exec(provider)?.[1]
  if (nodeName === 'docker-desktop') return { kind: 'docker-desktop' }
  if (kind !== undefined) return { kind: 'kind', name: kind }
  const k3d = /^k3d-(.+)-(?:server|agent)-\d+$/.exec(nodeName)?.[1]
  if (k3d !== undefined) return { kind: 'k3d', name: k3d }
  if (!nodes.every(({ isHere }) => isHere) || nodes.length === 0) return { kind: 'remote' }
  if (/\+k3s/.test(textAt(node, 'status', 'nodeInfo', 'kubeletVersion') ?? ''))
    return { kind: 'k3s' }
  if (runtime === 'docker' || runtime === 'cri-o' || runtime === 'containerd')
    return { kind: runtime }
  return { kind: 'remote' }
}

function driverOf(profile: string, { minikubeProfiles }: ClusterFacts): Pick<Cluster, 'driver'> {
  const all = [...listAt(minikubeProfiles, 'valid'), ...listAt(minikubeProfiles, 'invalid')]
  const found = all.find((one) => textAt(one, 'Name') === profile)
  const driver = textAt(found, 'Config', 'Driver')
  return driver === undefined ? {} : { driver }
}

function socketOf(node: unknown): Pick<Cluster, 'socket'> {
  const annotations = textsAt(node, 'metadata', 'annotations')
  const socket = annotations['kubeadm.alpha.kubernetes.io/cri-socket']?.replace(/^unix:\/\//, '')
  return socket === undefined ? {} : { socket }
}

function readNode(node: unknown, { hostname, addresses }: ClusterFacts): ClusterNode {
  const name = textAt(node, 'metadata', 'name') ?? ''
  const written = listAt(node, 'status', 'addresses')
  const own = written
    .filter((one) => textAt(one, 'type') !== 'Hostname')
    .flatMap((one) => textAt(one, 'address') ?? [])
  return {
    name,
    addresses: own,
    isHere:
      own.some((address) => addresses.includes(address)) || (own.length === 0 && name === hostname),
    images: listAt(node, 'status', 'images').flatMap((image) =>
      listAt(image, 'names').filter((one): one is string => typeof one === 'string'),
    ),
  }
}

/** Whether every node says that it has this image; a node names at most fifty. */
export function hasImage({ nodes }: Cluster, tag: string): boolean {
  const wanted = new Set([tag, `docker.io/library/${tag}`, `docker.io/${tag}`, `localhost/${tag}`])
  return nodes.length > 0 && nodes.every(({ images }) => images.some((image) => wanted.has(image)))
}

/** A few words for people. */
export function clusterName({ kind, name, driver, runtime, nodes }: Cluster): string {
  const words: Readonly<Record<ClusterKind, string>> = {
    minikube: `minikube (profile ${name ?? '?'}, driver ${driver ?? 'unknown'})`,
    kind: `kind (cluster ${name ?? '?'})`,
    k3d: `k3d (cluster ${name ?? '?'})`,
    k3s: 'k3s on this machine',
    'docker-desktop': 'Docker Desktop',
    containerd: 'a node with containerd on this machine',
    docker: 'a node with Docker on this machine',
    'cri-o': 'a node with CRI-O on this machine',
    remote: `a cluster elsewhere (${runtime || 'unknown runtime'})`,
  }
  return `${words[kind]}, ${nodes.length} node${nodes.length === 1 ? '' : 's'}`
}

/** Whether minikube runs right on this machine, where its own name for the host is wrong. */
export function isNoneDriver({ kind, driver, nodes }: Cluster): boolean {
  return (
    kind === 'minikube' &&
    (driver === 'none' || (driver === undefined && nodes.every((node) => node.isHere)))
  )
}
