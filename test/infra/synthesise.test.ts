import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readFleet } from '../../infra/fleet.ts'
import { imageName } from '../../infra/image-tag.ts'
import { synthesise } from '../../infra/synthesise.ts'
import { compareFolder } from '../../infra/write-folder.ts'
import {
  copyFleet,
  repository,
  richFleet,
  synthesiseFolder,
  toManifest,
  writeFleet,
} from './fleet-folder.ts'
import type { Manifest } from './fleet-folder.ts'
import { podOf } from './pods.ts'

test('k8s/ is what a fresh synth gives (else: npm run synth)', () => {
  const fleet = readFleet(repository)
  const files = synthesise({ ...fleet, image: imageName(fleet.platform, repository) })
  const differences = compareFolder(join(repository, 'k8s'), files)
  expect(differences.map(({ path }) => path)).toEqual([])
  for (const folder of readdirSync(join(repository, 'k8s'), { withFileTypes: true }))
    if (folder.isDirectory())
      expect([...files.keys()].some((path) => path.startsWith(`${folder.name}/`))).toBe(true)
})

test('the same fleet gives the same bytes, by LF and without a sign of the machine', () => {
  const root = copyFleet()
  const [first, second] = [synthesiseFolder(root), synthesiseFolder(root)]
  expect([...second]).toEqual([...first])
  for (const text of first.values()) {
    expect(text).toMatch(/^# Made by `npm run synth`/)
    expect(text).toMatch(/[^\n]\n$/)
    expect(text).not.toMatch(/\r|\/tmp\//)
  }
})

test('the kustomization names every file, and no module folder has one', () => {
  const files = synthesiseFolder(copyFleet())
  const paths = [...files.keys()].filter((path) => path !== 'kustomization.yaml').sort()
  for (const path of paths) expect(files.get('kustomization.yaml')).toContain(`\n- ${path}\n`)
  expect(paths.filter((path) => path.endsWith('kustomization.yaml'))).toEqual([])
})

test('files of a folder are applied by alphabet, the namespace first', () => {
  const shared = [...synthesiseFolder(copyFleet()).keys()].filter((path) =>
    path.startsWith('shared/'),
  )
  expect(shared.sort()[0]).toBe('shared/00-namespace.yaml')
})

const kinds = (files: Map<string, string>, module: string) =>
  [...files.keys()]
    .filter((path) => path.startsWith(`${module}/`))
    .map((path) => path.split('/')[1])

describe('a sixth module is one new file', () => {
  const text =
    'endpoints: [rerank]\nmodel_list: [{model_name: r, litellm_params: {model: openai/r}}]\n'

  test('and gets everything the others have, and a port of its own', () => {
    const before = synthesiseFolder(copyFleet())
    const after = synthesiseFolder(copyFleet({ 'modules/rerank.yaml': text }))
    expect(kinds(after, 'rerank')).toEqual(kinds(after, 'vision'))
    expect(after.get('rerank/service.yaml')).toContain('nodePort: 30600')
    expect(after.get('rerank/deployment.yaml')).toContain('name: rerank-gateway')
    for (const [path, was] of before)
      if (!/configmap|kustomization/.test(path)) expect(after.get(path), path).toBe(was)
  })

  test('and Prometheus finds its pods by the label it looks for', () => {
    const files = synthesiseFolder(copyFleet({ 'modules/rerank.yaml': text }))
    const wanted = /label: ([\w./]+)=(\w+)/.exec(
      files.get('shared/prometheus-configmap.yaml') ?? '',
    )
    const pod = podOf(toManifest('', files.get('rerank/deployment.yaml') ?? ''))
    expect(pod?.metadata.labels[wanted?.[1] ?? '']).toBe(wanted?.[2])
    const ports = pod?.spec.containers[0]?.ports?.map(({ name }) => name)
    expect(ports).toContain(
      /regex: (metrics)/.exec(files.get('shared/prometheus-configmap.yaml') ?? '')?.[1],
    )
  })

  test('and the others learn who serves what', () => {
    const files = synthesiseFolder(copyFleet({ 'modules/rerank.yaml': text }))
    expect(files.get('llm/configmap.yaml')).toMatch(
      /module: rerank\n\s+port: 30600\n\s+endpoints:\n\s+- rerank/,
    )
  })
})

test('a plain LiteLLM config is a module', () => {
  const text = [
    'model_list:',
    '  - model_name: gpt-4o',
    '    litellm_params: {model: azure/gpt-4o, api_base: os.environ/AZURE_API_BASE, api_key: os.environ/AZURE_API_KEY}',
    'litellm_settings: {drop_params: true}',
    'general_settings: {master_key: os.environ/LITELLM_MASTER_KEY}',
  ].join('\n')
  const root = writeFleet({ 'modules/proxy.yaml': text })
  const files = synthesiseFolder(root)
  expect(files.get('proxy/service.yaml')).toContain('nodePort: 30100')
  expect(files.get('proxy/configmap.yaml')).toContain('api_key: os.environ/AZURE_API_KEY')
})

test('a gateway’s document has no deploy block, so that placing it changes no configuration', () => {
  const root = writeFleet(richFleet)
  expect(synthesiseFolder(root).get('scaled/configmap.yaml')).not.toMatch(/deploy:|autoscaling/)
})

describe('what a module and the platform ask for', () => {
  const read = (path: string): Manifest => toManifest(path, files.get(path) ?? '')
  let files: Map<string, string>

  test('is in the objects', () => {
    files = synthesiseFolder(writeFleet(richFleet))
    expect(read('scaled/horizontalpodautoscaler.yaml').spec).toMatchObject({
      minReplicas: 2,
      maxReplicas: 9,
      metrics: [{ resource: { target: { averageUtilization: 60 } } }],
      scaleTargetRef: { kind: 'Deployment', name: 'scaled-gateway' },
    })
    expect(read('scaled/deployment.yaml').spec).not.toHaveProperty('replicas')
    expect(read('outside/deployment.yaml').spec).not.toHaveProperty('replicas')
    expect(files.has('outside/horizontalpodautoscaler.yaml')).toBe(false)
    expect(podOf(read('scaled/deployment.yaml'))?.spec.containers[0]?.resources).toMatchObject({
      requests: { cpu: '500m', 'nvidia.com/gpu': '1' },
      limits: { memory: '2Gi', 'nvidia.com/gpu': '1' },
    })
    expect(read('scaled/service.yaml').metadata.namespace).toBe('models')
    expect(read('shared/prometheus-persistentvolumeclaim.yaml').spec).toMatchObject({
      storageClassName: 'slow',
      resources: { requests: { storage: '10Gi' } },
    })
    expect(read('shared/prometheus-service.yaml').spec['ports']).toMatchObject([
      { nodePort: 30950 },
    ])
    expect(read('shared/postgres-statefulset.yaml').spec['volumeClaimTemplates']).toMatchObject([
      { spec: { storageClassName: 'fast', resources: { requests: { storage: '20Gi' } } } },
    ])
  })

  test('the node’s own address comes from the node', () => {
    const env = podOf(
      toManifest('', synthesiseFolder(writeFleet(richFleet)).get('plain/deployment.yaml') ?? ''),
    )?.spec.containers[0]?.env
    expect(env).toContainEqual({
      name: 'BACKEND_HOST',
      valueFrom: { fieldRef: { fieldPath: 'status.hostIP' } },
    })
  })

  test('a Postgres and a Prometheus that are not ours leave no object of ours', () => {
    const platform = 'postgres: {mode: external}\nprometheus: {mode: none}\n'
    const paths = [...synthesiseFolder(copyFleet({ 'platform.yaml': platform })).keys()]
    expect(paths.filter((path) => path.startsWith('shared/'))).toEqual(['shared/00-namespace.yaml'])
  })
})

describe('a gateway’s pod', () => {
  const pod = podOf(
    toManifest('', synthesiseFolder(repository).get('llm/deployment.yaml') ?? ''),
  )?.spec
  const container = pod?.containers[0]

  test('has time to finish its streams: the wait, the longest stream, the flush', () => {
    const timeout = container?.env?.find(({ name }) => name === 'SHUTDOWN_TIMEOUT_S')?.value
    expect(pod?.terminationGracePeriodSeconds).toBe(5 + Number(timeout) + 10)
  })

  test('has probes apart: started and alive is one question, serving another', () => {
    expect(container?.startupProbe).toMatchObject({
      httpGet: { path: '/health/liveliness' },
      failureThreshold: 60,
      periodSeconds: 2,
    })
    expect(container?.livenessProbe).toMatchObject({
      httpGet: { path: '/health/liveliness' },
      failureThreshold: 3,
      periodSeconds: 10,
      timeoutSeconds: 3,
    })
    expect(container?.readinessProbe).toMatchObject({
      httpGet: { path: '/health/readiness' },
      failureThreshold: 2,
      periodSeconds: 5,
    })
  })

  test('starts without its Secret, and gets no variables of other Services', () => {
    expect(pod?.volumes).toContainEqual({
      name: 'secrets',
      secret: { secretName: 'llm-keys', optional: true, defaultMode: 0o440 },
    })
    expect(pod?.enableServiceLinks).toBe(false)
    expect(pod?.automountServiceAccountToken).toBe(false)
  })

  test('is not replaced for a configuration it reads again by itself', () => {
    const before = synthesiseFolder(copyFleet())
    const changed = readFileSync(join(repository, 'modules/llm.yaml'), 'utf8').replace(
      'qwen3:8b',
      'qwen3:32b',
    )
    const after = synthesiseFolder(copyFleet({ 'modules/llm.yaml': changed }))
    expect(after.get('llm/configmap.yaml')).not.toBe(before.get('llm/configmap.yaml'))
    expect(after.get('llm/deployment.yaml')).toBe(before.get('llm/deployment.yaml'))
  })
})
