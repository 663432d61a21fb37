import type { BuilderName } from '../image/builders.ts'
import type { Cluster } from './cluster.ts'
import { isNoneDriver } from './cluster.ts'

export interface LoadWish {
  readonly cluster: Cluster
  readonly builder: BuilderName
  readonly tag: string
  /** A file to write the image to on its way. */
  readonly archive: string
}

/** How the image gets into the cluster: commands in order, or why there is no way. */
export type LoadPlan =
  | { readonly how: string; readonly commands: readonly (readonly string[])[] }
  | { readonly fault: string; readonly advice: readonly string[] }

/** Chooses the way by the kind of cluster and by who built the image. */
export function planLoad(wish: LoadWish): LoadPlan {
  const { cluster, builder, tag } = wish
  if (cluster.kind === 'remote') return planPush(wish)
  if (builder === 'minikube' && cluster.kind === 'minikube')
    return nothing('minikube built it where it runs')
  if (usesDockersOwn(cluster) && builder === 'docker')
    return nothing('the node runs the images of this Docker')
  if (cluster.kind === 'cri-o')
    return { how: 'into the storage that CRI-O reads', commands: copyToStorage(wish) }
  const direct = directly[cluster.kind]?.(wish)
  if (builder === 'docker' && direct !== undefined)
    return { how: `${direct[0]} takes it from Docker`, commands: [direct] }
  const bring = fromArchive(wish)
  return {
    how: `as an archive, by ${bring[0]}`,
    commands: [saveTo(builder, tag, wish.archive), bring],
  }
}

/** A name with a registry in it can be pushed; a bare one would go to a public place nobody meant. */
function namesRegistry(tag: string): boolean {
  return tag.includes('/')
}

function nothing(how: string): LoadPlan {
  return { how, commands: [] }
}

function planPush({ builder, tag, cluster }: LoadWish): LoadPlan {
  if (!namesRegistry(tag))
    return {
      fault: `This cluster is elsewhere (${cluster.nodes.map(({ name }) => name).join(', ') || 'no nodes seen'}), and an image that is only here cannot get there.`,
      advice: [
        'Name a registry that its nodes can pull from, in platform.yaml:',
        '  image: registry.example/colonnade-gateway',
        'log in to it (docker login registry.example), and run npm run deploy again.',
        'Or bring it to each node yourself and say: npm run deploy -- --no-load',
      ],
    }
  if (builder === 'minikube')
    return {
      fault: 'minikube built the image, and only its own nodes have it.',
      advice: [
        'Install docker, podman, buildah or nerdctl: it then builds the image and pushes it.',
      ],
    }
  return { how: `pushed to ${tag.split('/')[0]}`, commands: [[builder, 'push', tag]] }
}

function usesDockersOwn(cluster: Cluster): boolean {
  return (
    cluster.kind === 'docker' ||
    cluster.kind === 'docker-desktop' ||
    (isNoneDriver(cluster) && cluster.runtime === 'docker')
  )
}

type Way = (wish: LoadWish) => string[]

/** Who takes an image out of Docker by its name. */
const directly: Readonly<Partial<Record<Cluster['kind'], Way>>> = {
  minikube: ({ cluster, tag }) => ['minikube', 'image', 'load', ...profileOf(cluster), tag],
  kind: ({ cluster, tag }) => ['kind', 'load', 'docker-image', ...named(cluster), tag],
  k3d: ({ cluster, tag }) => ['k3d', 'image', 'import', ...clusterOf(cluster), tag],
}

function fromArchive({ cluster, archive }: LoadWish): string[] {
  switch (cluster.kind) {
    case 'minikube':
      return ['minikube', 'image', 'load', ...profileOf(cluster), archive]
    case 'kind':
      return ['kind', 'load', 'image-archive', ...named(cluster), archive]
    case 'k3d':
      return ['k3d', 'image', 'import', ...clusterOf(cluster), archive]
    case 'k3s':
      return ['k3s', 'ctr', 'images', 'import', archive]
    case 'docker':
    case 'docker-desktop':
      return ['docker', 'load', '--input', archive]
    default:
      return ['ctr', ...addressOf(cluster), '--namespace', 'k8s.io', 'images', 'import', archive]
  }
}

function profileOf({ name }: Cluster): string[] {
  return name === undefined ? [] : ['--profile', name]
}

function named({ name }: Cluster): string[] {
  return name === undefined ? [] : ['--name', name]
}

function clusterOf({ name }: Cluster): string[] {
  return name === undefined ? [] : ['--cluster', name]
}

/** What the operator says in CONTAINERD_ADDRESS, ctr reads by itself. */
function addressOf({ socket }: Cluster): string[] {
  return socket === undefined ? [] : ['--address', socket]
}

/** Under the name that the manifests ask for: `save` of podman and buildah would put localhost/ before it. */
function saveTo(builder: BuilderName, tag: string, archive: string): string[] {
  switch (builder) {
    case 'podman':
    case 'buildah':
      return [builder, 'push', tag, `docker-archive:${archive}:${tag}`]
    case 'minikube':
      return ['minikube', 'image', 'save', tag, archive]
    default:
      return [builder, 'save', '--output', archive, tag]
  }
}

/** CRI-O reads root's own images of podman and buildah. */
function copyToStorage({ builder, tag, archive }: LoadWish): string[][] {
  if (builder === 'podman' || builder === 'buildah')
    return [[builder, 'tag', tag, `docker.io/library/${tag}`]]
  return [saveTo(builder, tag, archive), ['podman', 'load', '--input', archive]]
}
