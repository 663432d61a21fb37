import { spawnSync } from 'node:child_process'
import { copyFileSync, cpSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { readPlatform } from '../../modules/platform.ts'
import { readFleet } from '../../infra/fleet.ts'
import { synthesiseOverlays } from '../../infra/overlays/index.ts'
import { synth } from '../../infra/synth.ts'
import { entrancesFleet } from './asked-fleets.ts'
import { findFaults } from './find-faults.ts'
import { copyFleet, repository, toManifest, writeFiles, writeFleet } from './fleet-folder.ts'
import type { Manifest } from './fleet-folder.ts'
import { podOf } from './pods.ts'

// Not of a package: whoever has it, has it.
const kubectl = 'kubectl'
const hasKubectl = spawnSync(kubectl, ['version', '--client']).status === 0
const examples = readdirSync(join(repository, 'docs/platforms'))

/** A synthesised fleet as a checkout has it. */
function synthesise(root: string): string {
  copyFileSync(join(repository, 'kustomization.yaml'), join(root, 'kustomization.yaml'))
  cpSync(join(repository, 'overlays'), join(root, 'overlays'), { recursive: true })
  const lines: string[] = []
  expect(
    synth(root, [], (line) => lines.push(line)),
    lines.join('\n'),
  ).toBe(0)
  return root
}

/** What kustomize makes of a folder. */
function build(folder: string): Manifest[] {
  const { stdout, stderr, status } = spawnSync(kubectl, ['kustomize', folder], {
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
  })
  expect(status, stderr).toBe(0)
  return parseAllDocuments(stdout).map((document, index) =>
    toManifest(`${folder}#${index}`, document.toString()),
  )
}

const overlays = ['minikube', 'kind', 'production', 'hostnetwork']
let shippedObjects: ReadonlyMap<string, Manifest[]> | undefined

/** The shipped fleet as the root, the base and every overlay make it; built once. */
function shipped(name: string): Manifest[] {
  shippedObjects ??= buildShipped()
  return shippedObjects.get(name) ?? []
}

function buildShipped(): Map<string, Manifest[]> {
  const root = synthesised({})
  const folders = ['', 'k8s', ...overlays.map((name) => `overlays/${name}`)]
  return new Map(folders.map((folder) => [folder, build(join(root, folder))]))
}

const synthesised = (files: Readonly<Record<string, string>>) => synthesise(copyFleet(files))

const kindsOf = (objects: readonly Manifest[]) => [...new Set(objects.map(({ kind }) => kind))]

const example = (name: string) => readFileSync(join(repository, 'docs/platforms', name), 'utf8')

test.each(examples)('the example %s has no fault and says more than the defaults', (name) => {
  const { platform, faults } = readPlatform(example(name))
  expect(faults).toEqual([])
  expect(platform).not.toEqual(readPlatform('').platform)
})

describe.skipIf(!hasKubectl)('kustomize builds (needs kubectl)', () => {
  test('the shipped fleet: the base, and each overlay', () => {
    const base = shipped('')
    expect(shipped('k8s')).toHaveLength(base.filter(({ kind }) => kind !== 'Secret').length)
    for (const name of overlays) {
      expect(shipped(`overlays/${name}`), name).toHaveLength(base.length)
      expect(shipped(`overlays/${name}`).flatMap(findFaults), name).toEqual([])
    }
  })

  test.each(examples)('an overlay of the example %s', (name) => {
    const module = { 'modules/llm.yaml': 'model_list: []\n' }
    const root = synthesise(writeFleet({ ...module, 'platform.yaml': example(name) }))
    const own = 'resources: [../../k8s]\ncomponents: [../../components]\n'
    writeFiles(root, { 'overlays/own/kustomization.yaml': own })
    const objects = build(join(root, 'overlays/own'))
    for (const folder of readdirSync(join(root, 'components'), { withFileTypes: true }))
      if (folder.isDirectory())
        expect(objects.length).toBeGreaterThan(
          readdirSync(join(root, 'components', folder.name)).length,
        )
    expect(kindsOf(objects)).toContain('Deployment')
  })

  test('every component at once, below every overlay', () => {
    const root = synthesised(entrancesFleet)
    const kinds = kindsOf(build(root))
    expect(kinds).toEqual(
      expect.arrayContaining([
        'Cluster',
        'ExternalSecret',
        'HTTPRoute',
        'Ingress',
        'InterceptorRoute',
        'Pooler',
        'PrometheusRule',
        'ReferenceGrant',
        'ScaledObject',
        'ServiceMonitor',
      ]),
    )
    expect(kinds).not.toContain('Secret')
    for (const name of overlays)
      expect(build(join(root, 'overlays', name)).flatMap(findFaults), name).toEqual([])
  })
})

describe.skipIf(!hasKubectl)('overlays (needs kubectl)', () => {
  const deployments = (objects: readonly Manifest[]) =>
    objects.filter(({ kind, metadata }) => kind === 'Deployment' && metadata.name !== 'prometheus')

  test('hostnetwork: ports of the node, one a module, and nothing asked by name or cluster address', () => {
    const objects = shipped('overlays/hostnetwork')
    const pods = objects.flatMap((object) => podOf(object) ?? [])
    expect(pods).toHaveLength(7)
    const taken = pods.flatMap(({ spec }) => {
      expect(spec).toMatchObject({ hostNetwork: true, dnsPolicy: 'Default' })
      return spec.containers.flatMap(({ ports = [] }) =>
        ports.map(({ containerPort }) => containerPort),
      )
    })
    expect(new Set(taken).size).toBe(taken.length)
    expect(taken).toEqual(expect.arrayContaining([30_100, 30_500, 30_900, 20_100, 20_500, 5432]))
    for (const object of deployments(objects)) {
      const spec = podOf(object)?.spec
      expect(object.spec).toMatchObject({ replicas: 1, strategy: { type: 'Recreate' } })
      expect(spec).toMatchObject({ hostAliases: [{ ip: '127.0.0.1', hostnames: ['postgres'] }] })
      const env = spec?.containers[0]?.env ?? []
      expect(new Set(env.map(({ name }) => name)).size).toBe(env.length)
      const port = spec?.containers[0]?.ports?.find(({ name }) => name === 'http')?.containerPort
      expect(env).toContainEqual({ name: 'PORT', value: String(port) })
      expect(env.find(({ name }) => name === 'BACKEND_HOST')).not.toHaveProperty('value')
    }
    for (const { kind, spec } of objects)
      if (kind === 'Service') expect(JSON.stringify(spec)).not.toContain('NodePort')
    const namespace = objects.find(({ kind }) => kind === 'Namespace')
    expect(namespace?.metadata.labels['pod-security.kubernetes.io/enforce']).toBe('privileged')
    const scraped = objects.find(({ metadata }) => metadata.name === 'prometheus-config')
    expect(scraped?.data['prometheus.yml']).toContain('127.0.0.1:20100')
    expect(scraped?.data['prometheus.yml']).not.toContain('kubernetes_sd')
  })

  test('production: two pods a module, and no port of a node', () => {
    const objects = shipped('overlays/production')
    for (const { spec } of deployments(objects)) expect(spec['replicas']).toBe(2)
    expect(JSON.stringify(objects.map(({ spec }) => spec))).not.toContain('nodePort')
  })

  test('production leaves a module alone that something else scales', () => {
    const modules = { 'modules/vision.yaml': 'deploy: {autoscaling: {max: 3}}\nmodel_list: []\n' }
    const objects = build(join(synthesised(modules), 'overlays/production'))
    const vision = objects.find(({ metadata }) => metadata.name === 'vision-gateway')
    expect(vision?.spec).not.toHaveProperty('replicas')
  })

  test('kind: backends by a name that kind knows, and a cluster with every node port', () => {
    for (const object of deployments(shipped('overlays/kind')))
      expect(podOf(object)?.spec.containers[0]?.env).toContainEqual({
        name: 'BACKEND_HOST',
        value: 'host.docker.internal',
      })
    const cluster = synthesiseOverlays({ ...readFleet(repository), image: 'a:b' }).get(
      'kind/cluster.yaml',
    )
    for (const port of [30_100, 30_200, 30_300, 30_400, 30_500, 30_900])
      expect(cluster).toContain(`hostPort: ${port}`)
  })
})
