import { spawnSync } from 'node:child_process'

/** What is to be built. */
interface ImageBuild {
  /** `colonnade-gateway:1f2e3d…` */
  readonly tag: string
  /** The prepared folder, the Dockerfile in it. */
  readonly context: string
  /** Another base image than the Dockerfile's own. */
  readonly base: string | undefined
}

/** One tool that builds images. */
export interface Builder {
  readonly name: BuilderName
  /** Succeeds when it can really build, not only when it is installed. */
  readonly probe: readonly string[]
  build(image: ImageBuild): readonly string[]
  push(tag: string): readonly string[]
  /** Prints the image's size, in bytes or with its unit; absent where there is no such question. */
  size?(tag: string): readonly string[]
  /** How the image gets from here into a cluster. */
  next(tag: string): readonly string[]
}

export const builderNames = ['docker', 'podman', 'buildah', 'nerdctl', 'minikube'] as const
export type BuilderName = (typeof builderNames)[number]

const docker: Builder = {
  name: 'docker',
  probe: ['docker', 'info'],
  build: (image) => ['docker', 'build', ...commonFlags(image), image.context],
  push: (tag) => ['docker', 'push', tag],
  size: (tag) => ['docker', 'image', 'inspect', '--format', '{{.Size}}', tag],
  next: (tag) => [`minikube image load ${tag}`, `kind load docker-image ${tag}`],
}

const podman: Builder = {
  name: 'podman',
  probe: ['podman', 'info'],
  build: (image) => ['podman', 'build', ...commonFlags(image), image.context],
  push: (tag) => ['podman', 'push', tag],
  size: (tag) => ['podman', 'image', 'inspect', '--format', '{{.Size}}', tag],
  // `save` would name it localhost/…, which is not what the manifests ask for.
  next: (tag) => [
    `podman push ${tag} docker-archive:colonnade.tar:${tag} && minikube image load colonnade.tar`,
  ],
}

const buildah: Builder = {
  name: 'buildah',
  probe: ['buildah', 'info'],
  build: (image) => ['buildah', 'bud', ...commonFlags(image), image.context],
  push: (tag) => ['buildah', 'push', tag],
  size: (tag) => ['buildah', 'images', '--format', '{{.Size}}', tag],
  next: (tag) => [
    `buildah push ${tag} docker-archive:colonnade.tar:${tag} && minikube image load colonnade.tar`,
  ],
}

const nerdctl: Builder = {
  name: 'nerdctl',
  probe: ['nerdctl', 'info'],
  build: (image) => ['nerdctl', 'build', ...commonFlags(image), image.context],
  push: (tag) => ['nerdctl', 'push', tag],
  size: (tag) => ['nerdctl', 'image', 'inspect', '--format', '{{.Size}}', tag],
  next: (tag) => [`nerdctl save -o colonnade.tar ${tag} && minikube image load colonnade.tar`],
}

const minikube: Builder = {
  name: 'minikube',
  probe: ['minikube', 'status'],
  build: ({ tag, base, context }) => [
    'minikube',
    'image',
    'build',
    `--tag=${tag}`,
    '--file=Dockerfile',
    ...(base === undefined ? [] : ['--build-opt', `build-arg=BASE=${base}`]),
    context,
  ],
  push: (tag) => ['minikube', 'image', 'push', tag],
  // It is built where the cluster looks for it.
  next: () => [],
}

/** In the order in which they are asked. */
export const builders: readonly Builder[] = [docker, podman, buildah, nerdctl, minikube]

/** What a tool said when it was asked whether it can build. */
export interface Passed {
  readonly name: BuilderName
  readonly isInstalled: boolean
  /** Its own words, one line. */
  readonly reason: string
}

export interface Detection {
  readonly builder?: Builder
  /** Those asked before it, in order. */
  readonly passed: readonly Passed[]
}

/** The first tool that answers; `only` asks one of them. */
export function findBuilder(env: NodeJS.ProcessEnv, only?: BuilderName): Detection {
  const passed: Passed[] = []
  for (const builder of builders.filter(({ name }) => only === undefined || name === only)) {
    const failure = probe(builder, env)
    if (!failure) return { builder, passed }
    passed.push(failure)
  }
  return { passed }
}

const probeTimeoutMs = 20_000

function probe({ name, probe: command }: Builder, env: NodeJS.ProcessEnv): Passed | undefined {
  const [program = name, ...args] = command
  const run = spawnSync(program, args, { env, encoding: 'utf8', timeout: probeTimeoutMs })
  if (run.status === 0) return undefined
  if (run.error && 'code' in run.error && run.error.code === 'ENOENT') {
    return { name, isInstalled: false, reason: 'not installed' }
  }
  const said = run.stderr.trim() || run.stdout.trim()
  const reason = said.split('\n').at(-1) || run.error?.message || `${command.join(' ')} failed`
  return { name, isInstalled: true, reason }
}

function commonFlags({ tag, base, context }: ImageBuild): string[] {
  const file = ['--tag', tag, '--file', `${context}/Dockerfile`]
  return base === undefined ? file : [...file, '--build-arg', `BASE=${base}`]
}
