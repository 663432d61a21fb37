import { expect, test } from 'vitest'
import { planLoad } from '../../../scripts/deploy/load-plan.ts'
import type { BuilderName } from '../../../scripts/image/builders.ts'
import { recordedCluster } from './recorded.ts'

const tag = 'colonnade-gateway:1a2b'

function commands(cluster: string, builder: BuilderName, name = tag): string[] | string {
  const plan = planLoad({
    cluster: recordedCluster(cluster),
    builder,
    tag: name,
    archive: '/t/c.tar',
  })
  return 'fault' in plan ? plan.fault : plan.commands.map((command) => command.join(' '))
}

const archived = `buildah push ${tag} docker-archive:/t/c.tar:${tag}`

test.each<[string, BuilderName, string[]]>([
  ['minikube-docker', 'docker', [`minikube image load --profile minikube ${tag}`]],
  ['minikube-docker', 'minikube', []],
  ['minikube-kvm2', 'buildah', [archived, 'minikube image load --profile fleet /t/c.tar']],
  ['minikube-none', 'docker', []],
  ['minikube-none', 'buildah', [archived, 'minikube image load --profile minikube /t/c.tar']],
  ['kind', 'docker', [`kind load docker-image --name dev ${tag}`]],
  ['kind', 'buildah', [archived, 'kind load image-archive --name dev /t/c.tar']],
  ['k3d', 'docker', [`k3d image import --cluster lab ${tag}`]],
  ['k3s', 'docker', [`docker save --output /t/c.tar ${tag}`, 'k3s ctr images import /t/c.tar']],
  [
    'containerd',
    'buildah',
    [
      archived,
      'ctr --address /run/containerd/containerd.sock --namespace k8s.io images import /t/c.tar',
    ],
  ],
  [
    'containerd',
    'nerdctl',
    [
      `nerdctl save --output /t/c.tar ${tag}`,
      'ctr --address /run/containerd/containerd.sock --namespace k8s.io images import /t/c.tar',
    ],
  ],
])('%s, built by %s', (cluster, builder, expected) => {
  expect(commands(cluster, builder)).toEqual(expected)
})

test('a cluster elsewhere gets the image by its registry', () => {
  const named = 'registry.example/fleet/colonnade-gateway:1a2b'
  expect(commands('remote', 'podman', named)).toEqual([`podman push ${named}`])
})

test('a cluster elsewhere without a registry is a fault that says what to write', () => {
  const plan = planLoad({
    cluster: recordedCluster('remote'),
    builder: 'docker',
    tag,
    archive: '/t/c.tar',
  })
  expect(plan).toMatchObject({ fault: expect.stringContaining('worker-1') })
  expect('advice' in plan && plan.advice.join('\n')).toContain(
    'image: registry.example/colonnade-gateway',
  )
})

test('CRI-O reads what podman and buildah keep, and gets it from others by podman', () => {
  const cluster = { ...recordedCluster('containerd'), kind: 'cri-o' as const }
  const plan = (builder: BuilderName) => planLoad({ cluster, builder, tag, archive: '/t/c.tar' })
  expect(plan('buildah')).toMatchObject({
    commands: [['buildah', 'tag', tag, `docker.io/library/${tag}`]],
  })
  expect(plan('docker')).toMatchObject({
    commands: [
      ['docker', 'save', '--output', '/t/c.tar', tag],
      ['podman', 'load', '--input', '/t/c.tar'],
    ],
  })
})
