import { describe, expect, test } from 'vitest'
import { findSecretShape } from '../../modules/secret-shapes.ts'
import { fleets } from './fleet-folder.ts'
import type { Manifest } from './fleet-folder.ts'
import { containersOf, podOf } from './pods.ts'
import type { PodTemplate } from './pods.ts'

type Labels = Readonly<Record<string, string>>

/** Secrets that a fleet says are there. */
const elsewhere = ['company-llm-keys', 'company-database']

const hits = (selector: Labels, labels: Labels) =>
  Object.entries(selector).every(([name, value]) => labels[name] === value)

interface Selecting {
  readonly selector?: Labels & { readonly matchLabels?: Labels }
  readonly podSelector?: { readonly matchLabels?: Labels }
  readonly ports?: { readonly nodePort?: number; readonly targetPort?: string | number }[]
}

function selectorOf({ kind, spec }: Manifest): Labels | undefined {
  // It selects Services.
  if (kind === 'ServiceMonitor') return undefined
  const { selector, podSelector }: Selecting = spec
  return podSelector?.matchLabels ?? selector?.matchLabels ?? selector
}

const portsOf = ({ spec }: PodTemplate) =>
  containersOf(spec).flatMap(({ ports = [] }) => ports.map(({ name }) => name))

/** Apart from what is asked. */
const pace = { failureThreshold: 0, periodSeconds: 0, timeoutSeconds: 0 }

describe.each(fleets)('%s', (_, read) => {
  const objects = read()
  const pods = objects.flatMap((object) => podOf(object) ?? [])
  const named = (kind: string) =>
    new Map(
      objects
        .filter((object) => object.kind === kind)
        .map((object) => [object.metadata.name, object]),
    )

  test('every selector hits the pods of one workload', () => {
    const selecting = objects.filter((object) => selectorOf(object) !== undefined)
    expect(selecting.length).toBeGreaterThan(0)
    for (const object of selecting) {
      const hit = pods.filter(({ metadata }) => hits(selectorOf(object) ?? {}, metadata.labels))
      expect(hit, object.path).toHaveLength(1)
      expect(hit[0]?.metadata.labels['module'], object.path).toBe(object.metadata.labels['module'])
    }
  })

  test('every workload has a service account, a budget and a policy of its own', () => {
    for (const workload of objects.filter(podOf)) {
      const { module } = workload.metadata.labels
      for (const kind of ['ServiceAccount', 'PodDisruptionBudget', 'NetworkPolicy']) {
        const own = [...named(kind).values()].filter(
          ({ metadata }) => metadata.labels['module'] === module,
        )
        expect(own, `${kind} of ${module}`).toHaveLength(1)
      }
      expect(named('ServiceAccount').has(podOf(workload)?.spec.serviceAccountName ?? '')).toBe(true)
    }
  })

  test('what a pod mounts exists, and nothing is mounted that would not change', () => {
    const secrets = [...named('Secret').keys(), ...named('ExternalSecret').keys(), ...elsewhere]
    for (const workload of objects.filter(podOf)) {
      const spec = podOf(workload)?.spec
      const claims: { metadata: { name: string } }[] = Array.isArray(
        workload.spec['volumeClaimTemplates'],
      )
        ? workload.spec['volumeClaimTemplates']
        : []
      const names = new Set([
        ...(spec?.volumes ?? []).map(({ name }) => name),
        ...claims.map(({ metadata }) => metadata.name),
      ])
      for (const { configMap, secret, projected, persistentVolumeClaim } of spec?.volumes ?? []) {
        if (configMap) expect(named('ConfigMap').has(configMap.name), configMap.name).toBe(true)
        if (secret) expect(secrets, secret.secretName).toContain(secret.secretName)
        for (const { secret: source } of projected?.sources ?? [])
          if (source) expect(secrets, source.name).toContain(source.name)
        if (persistentVolumeClaim)
          expect(named('PersistentVolumeClaim').has(persistentVolumeClaim.claimName)).toBe(true)
      }
      for (const { volumeMounts = [] } of spec ? containersOf(spec) : [])
        for (const mount of volumeMounts) {
          expect(names.has(mount.name), `${workload.path} mounts ${mount.name}`).toBe(true)
          expect(mount.subPath).toBeUndefined()
        }
    }
  })

  test('ports that services, probes and policies name are ports of a container', () => {
    for (const object of objects.filter(({ kind }) => kind === 'Service')) {
      if (selectorOf(object) === undefined) continue
      const pod = pods.find(({ metadata }) => hits(selectorOf(object) ?? {}, metadata.labels))
      const { ports = [] }: Selecting = object.spec
      for (const { targetPort } of ports) expect(pod && portsOf(pod)).toContain(targetPort)
    }
    for (const { spec } of pods)
      for (const { ports = [], startupProbe, readinessProbe, livenessProbe } of spec.containers)
        for (const probe of [startupProbe, readinessProbe, livenessProbe])
          if (probe?.httpGet) expect(ports.map(({ name }) => name)).toContain(probe.httpGet.port)
  })

  test('node ports are in the range, and no two are the same', () => {
    const ports = objects.flatMap(({ spec }) => {
      const { ports: own = [] }: Selecting = spec
      return own.flatMap(({ nodePort }) => nodePort ?? [])
    })
    expect(new Set(ports).size).toBe(ports.length)
    expect(ports.length).toBeGreaterThan(0)
    for (const port of ports) {
      expect(port).toBeGreaterThanOrEqual(30_000)
      expect(port).toBeLessThanOrEqual(32_767)
    }
  })

  test('every object and pod says whose it is, in one namespace', () => {
    const spaces = new Set(
      objects
        // That one stands where it grants.
        .filter(({ kind }) => kind !== 'ReferenceGrant')
        .map(({ kind, metadata }) => (kind === 'Namespace' ? metadata.name : metadata.namespace)),
    )
    expect(spaces.size).toBe(1)
    for (const { metadata } of [...objects, ...pods]) {
      expect(metadata.labels).toMatchObject({
        'app.kubernetes.io/part-of': 'colonnade',
        'app.kubernetes.io/managed-by': 'colonnade',
      })
      expect(metadata.labels['module']).toMatch(/^[a-z-]+$/)
      expect(metadata.labels['app.kubernetes.io/name']).toBeDefined()
      expect(metadata.labels['app.kubernetes.io/component']).toBeDefined()
    }
  })

  test('no two objects are the same one', () => {
    const names = objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`)
    expect(new Set(names).size).toBe(names.length)
  })

  test('no ConfigMap and no environment holds what looks like a key', () => {
    const texts = [
      ...objects
        .filter(({ kind }) => kind === 'ConfigMap')
        .flatMap(({ data }) => Object.values(data)),
      ...pods
        .flatMap(({ spec }) => containersOf(spec))
        .flatMap(({ env = [] }) => env.map(({ value }) => value ?? '')),
    ]
    expect(texts.map((text) => findSecretShape(text)).filter(Boolean)).toEqual([])
  })

  test('every image has a tag that says which it is, and is not pulled when it is there', () => {
    for (const { spec } of pods)
      for (const { image, imagePullPolicy } of containersOf(spec)) {
        expect(image).toMatch(/:[^/:]+$/)
        expect(image).not.toMatch(/:latest$/)
        expect(imagePullPolicy).toBe('IfNotPresent')
      }
  })

  test('every container asks for little and may not take everything', () => {
    for (const { spec } of pods)
      for (const { resources } of containersOf(spec)) {
        expect(Object.keys(resources?.requests ?? {})).toEqual(
          expect.arrayContaining(['cpu', 'memory', 'ephemeral-storage']),
        )
        expect(Object.keys(resources?.limits ?? {})).toEqual(
          expect.arrayContaining(['cpu', 'memory', 'ephemeral-storage']),
        )
      }
  })

  test('every container is asked whether it is ready, and otherwise whether it is alive', () => {
    for (const { spec } of pods)
      for (const { readinessProbe, livenessProbe } of spec.containers) {
        expect(readinessProbe).toBeDefined()
        expect(livenessProbe).toBeDefined()
        expect({ ...livenessProbe, ...pace }).not.toEqual({ ...readinessProbe, ...pace })
      }
  })

  test('secrets are files, and tokens only where a container is to ask the API server', () => {
    for (const { spec, metadata } of pods) {
      const hasToken = (spec.volumes ?? []).some(({ name }) => name === 'api-token')
      expect(spec.automountServiceAccountToken).toBe(false)
      expect(hasToken).toBe(
        ['monitoring', 'endpoint-picker'].includes(
          metadata.labels['app.kubernetes.io/component'] ?? '',
        ),
      )
      for (const { env = [], volumeMounts = [] } of containersOf(spec)) {
        expect(JSON.stringify(env)).not.toContain('secretKeyRef')
        expect(volumeMounts.some(({ name }) => name === 'api-token')).toBe(hasToken)
      }
    }
  })
})
