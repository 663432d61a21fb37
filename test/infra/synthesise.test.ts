import { spawn } from 'node:child_process'
import { chmodSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { readFleet } from '../../infra/fleet.ts'
import { imageName } from '../../infra/image-tag.ts'
import { synthesiseOverlays } from '../../infra/overlays/index.ts'
import { synthesise, synthesiseComponents } from '../../infra/synthesise.ts'
import { compareFolder } from '../../infra/write-folder.ts'
import { backendsFleet, entrancesFleet, existingFleet, richFleet } from './asked-fleets.ts'
import {
  copyFleet,
  repository,
  synthesiseComponentsOf,
  synthesiseFolder,
  toManifest,
  writeFleet,
} from './fleet-folder.ts'
import type { Manifest } from './fleet-folder.ts'
import { podOf } from './pods.ts'

test('k8s/, components/ and overlays/ are what a fresh synth gives (else: npm run synth)', () => {
  const fleet = readFleet(repository)
  const files = synthesise({ ...fleet, image: imageName(fleet.platform, repository) })
  const differences = compareFolder(join(repository, 'k8s'), files)
  expect(differences.map(({ path }) => path)).toEqual([])
  const image = 'not-in-them:at-all'
  const others = {
    components: synthesiseComponents({ ...fleet, image }),
    overlays: synthesiseOverlays({ ...fleet, image }),
  }
  for (const [folder, wanted] of Object.entries(others))
    expect(compareFolder(join(repository, folder), wanted)).toEqual([])
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

describe('entrances and components', () => {
  const read = () => {
    const root = writeFleet(entrancesFleet)
    const files = new Map([...synthesiseFolder(root), ...synthesiseComponentsOf(root)])
    return { root, of: (path: string) => toManifest(path, files.get(`${path}.yaml`) ?? '') }
  }

  test('a gateway below a path knows it, and the address that its links begin with', () => {
    const env = podOf(read().of('llm/deployment'))?.spec.containers[0]?.env
    expect(env).toContainEqual({ name: 'SERVER_ROOT_PATH', value: '/llm' })
    expect(env).toContainEqual({ name: 'PUBLIC_URL', value: 'https://ai.example.com/llm' })
  })

  test('one Ingress has a path a module; one that may have no pod is woken by the add-on', () => {
    const { metadata, spec } = read().of('shared/ingress')
    expect(metadata).toMatchObject({
      annotations: {
        'cert-manager.io/cluster-issuer': 'letsencrypt',
        'nginx.ingress.kubernetes.io/proxy-buffering': 'off',
        'a.example/b': '1',
      },
    })
    expect(spec).toMatchObject({
      ingressClassName: 'nginx',
      tls: [{ hosts: ['ai.example.com'], secretName: 'gateway-tls' }],
      rules: [
        {
          host: 'ai.example.com',
          http: {
            paths: [
              {
                path: '/llm',
                backend: { service: { name: 'llm-gateway', port: { number: 4000 } } },
              },
              { path: '/vision', backend: { service: { name: 'vision-proxy' } } },
            ],
          },
        },
      ],
    })
  })

  test('a host for each module is an Ingress and a certificate for each', () => {
    const root = writeFleet(existingFleet)
    const ingress = toManifest('', synthesiseFolder(root).get('llm/ingress.yaml') ?? '')
    expect(ingress.spec).toMatchObject({
      tls: [{ hosts: ['llm.ai.example.com'], secretName: 'llm-tls' }],
      rules: [{ host: 'llm.ai.example.com', http: { paths: [{ path: '/' }] } }],
    })
  })

  test('the module’s own wish for a node stands in place of the platform’s', () => {
    const { of } = read()
    expect(podOf(of('llm/deployment'))?.spec).not.toHaveProperty('nodeSelector')
    expect(podOf(of('vision/deployment'))?.spec).toMatchObject({
      nodeSelector: { 'kubernetes.io/arch': 'amd64' },
      tolerations: [{ key: 'ai', tolerationSeconds: 60 }],
      imagePullSecrets: [{ name: 'registry' }],
    })
  })

  test('a digest stands in place of the tag', () => {
    const platform = `image_digest: sha256:${'0a'.repeat(32)}\n`
    const { platform: written } = readFleet(copyFleet({ 'platform.yaml': platform }))
    expect(imageName(written, repository)).toBe(`colonnade-gateway@sha256:${'0a'.repeat(32)}`)
  })

  test('an address in a Secret of its own comes to the gateway under the name it looks for', () => {
    const root = writeFleet(existingFleet)
    const pod = podOf(toManifest('', synthesiseFolder(root).get('llm/deployment.yaml') ?? ''))
    expect(pod?.spec.volumes).toContainEqual({
      name: 'secrets',
      projected: {
        defaultMode: 0o440,
        sources: [
          { secret: { name: 'company-llm-keys', optional: true } },
          {
            secret: {
              name: 'company-database',
              optional: true,
              items: [{ key: 'url', path: 'DATABASE_URL' }],
            },
          },
        ],
      },
    })
  })

  test('requests under way are counted by Prometheus, and by the add-on where there may be no pod', () => {
    const { of } = read()
    expect(of('keda/llm-scaledobject').spec).toMatchObject({
      minReplicaCount: 2,
      triggers: [
        {
          type: 'prometheus',
          metadata: { serverAddress: 'http://prometheus.monitoring:9090', threshold: '20' },
        },
        { type: 'cpu', metadata: { value: '60' } },
      ],
    })
    expect(of('keda/vision-scaledobject').spec).toMatchObject({
      minReplicaCount: 0,
      triggers: [{ type: 'external-push', metadata: { interceptorRoute: 'vision-gateway' } }],
    })
    expect(of('keda/vision-interceptorroute').spec).toMatchObject({
      rules: [
        {
          hosts: [
            'vision-proxy',
            'vision-proxy.ai-gateway',
            'vision-proxy.ai-gateway.svc',
            'vision-proxy.ai-gateway.svc.cluster.local',
          ],
        },
        { hosts: ['ai.example.com'], paths: [{ value: '/vision' }] },
        { hosts: ['vision.models.example.com'] },
      ],
    })
  })

  test('a Prometheus that nobody knows cannot be asked how many there are', () => {
    const root = copyFleet({
      'platform.yaml': 'prometheus: {mode: none}\n',
      'modules/llm.yaml': 'deploy: {autoscaling: {max: 3, target_in_flight: 4}}\nmodel_list: []\n',
    })
    expect(readFleet(root).faults).toContainEqual(
      expect.objectContaining({ path: 'prometheus.address', severity: 'error' }),
    )
  })

  test('a cluster of Postgres has a role a module, within its connections', () => {
    const { spec } = read().of('cnpg/cluster')
    expect(spec).toMatchObject({
      managed: {
        roles: [
          { name: 'llm', inRoles: ['colonnade'], passwordSecret: { name: 'postgres-role-llm' } },
          { name: 'vision' },
        ],
      },
    })
    expect(spec).not.toHaveProperty('imageName')
  })

  test('alerts ask for metrics that there are', () => {
    const page = readFileSync(join(repository, 'docs/metrics.md'), 'utf8')
    const rules = JSON.stringify(read().of('prometheus-operator/prometheusrule').spec)
    const asked = new Set(rules.match(/\b(?:colonnade|litellm)_\w+/g))
    expect(asked.size).toBeGreaterThan(5)
    for (const name of asked) expect(page).toContain(`| \`${name}\` |`)
  })
})

describe('model servers beside a module', () => {
  const files = () => synthesiseFolder(writeFleet(backendsFleet))
  const containers = (path: string) =>
    podOf(toManifest(path, files().get(path) ?? ''))?.spec.containers ?? []

  test('have devices as the file asks, on nodes that have them', () => {
    const manifest = toManifest('', files().get('llm/backend-vllm-deployment.yaml') ?? '')
    const pod = podOf(manifest)?.spec
    expect(pod?.containers[0]?.resources).toMatchObject({
      requests: { 'amd.com/gpu': '2', memory: '24Gi' },
      limits: { 'amd.com/gpu': '2', memory: '24Gi' },
    })
    expect(pod).toMatchObject({
      nodeSelector: { gpu: 'big' },
      tolerations: [{ key: 'gpu', operator: 'Exists' }],
    })
    expect(pod?.containers[0]).toMatchObject({
      args: ['--model=Qwen/Qwen3-8B', '--port=8000', '--max-model-len=8192'],
    })
  })

  test('Ollama serves at once, and pulls its models beside it, whatever their names hold', async () => {
    const [server, ...others] = containers('llm/backend-ollama-deployment.yaml')
    expect(others).toEqual([])
    expect(server?.ports).toMatchObject([{ containerPort: 11_434 }])
    const folder = writeFleet({
      // Pulls nothing at first, and says what it was asked.
      ollama: [
        '#!/bin/sh',
        'echo "$OLLAMA_HOST $*" >> "$0.asked"',
        'case $1 in',
        'serve) touch "$0.serves"; while :; do sleep 0.05; done ;;',
        'list) test -e "$0.serves" ;;',
        'pull) cat; test -e "$0.once" || { touch "$0.once"; exit 1; } ;;',
        'esac',
      ].join('\n'),
      sleep: '#!/bin/sh\nexec /bin/sleep 0.05\n',
    })
    for (const name of ['ollama', 'sleep']) chmodSync(join(folder, name), 0o755)
    const variables = (server?.env ?? []).map(({ name, value }) => [name, value])
    const [program = '', ...command] = server?.command ?? []
    const child = spawn(program, [...command, ...(server?.args ?? [])], {
      env: { ...Object.fromEntries(variables), PATH: `${folder}:${process.env['PATH']}` },
      stdio: 'ignore',
    })
    onTestFinished(() => void child.kill())
    const asked = () => readFileSync(join(folder, 'ollama.asked'), 'utf8').split('\n')
    await vi.waitFor(() => expect(asked()).toContain("127.0.0.1:11434 pull it's"), 20_000)
    expect(asked().filter((line) => line.endsWith('pull qwen3:8b'))).toHaveLength(2)
    expect(asked()).toContain('0.0.0.0:11434 serve')
  })

  test('are spread over nodes, and take a token as a file', () => {
    const vllm = podOf(toManifest('', files().get('llm/backend-vllm-deployment.yaml') ?? ''))?.spec
    expect(vllm).toMatchObject({ affinity: { podAntiAffinity: expect.anything() } })
    expect(vllm?.containers[0]?.env).toContainEqual({
      name: 'HF_TOKEN_PATH',
      value: '/etc/colonnade/token/HF_TOKEN',
    })
    expect(vllm?.volumes).toContainEqual(
      expect.objectContaining({ secret: expect.objectContaining({ optional: true }) }),
    )
  })

  test('keep what they fetched, and are asked by their module alone', () => {
    const claim = toManifest('', files().get('llm/backend-ollama-persistentvolumeclaim.yaml') ?? '')
    expect(claim.spec).toMatchObject({
      storageClassName: 'fast',
      resources: { requests: { storage: '80Gi' } },
    })
    const policy = toManifest('', files().get('llm/backend-ollama-networkpolicy.yaml') ?? '')
    expect(policy.spec).toMatchObject({
      ingress: [{ from: [{ podSelector: { matchLabels: { module: 'llm' } } }] }],
    })
  })

  test('several pods of vLLM are one pool, whose picker a Gateway asks', () => {
    const components = synthesiseComponentsOf(writeFleet(backendsFleet))
    const read = (file: string) =>
      toManifest(file, components.get(`inference-pool/llm-vllm-${file}.yaml`) ?? '')
    expect(read('inferencepool').spec).toMatchObject({
      selector: { matchLabels: { module: 'llm-vllm' } },
      targetPorts: [{ number: 8000 }],
      endpointPickerRef: { name: 'llm-vllm-picker', port: { number: 9002 } },
    })
    expect(read('httproute').spec).toMatchObject({
      parentRefs: [{ name: 'inference', namespace: 'gateways' }],
      rules: [
        {
          matches: [{ path: { value: '/llm-vllm' } }],
          backendRefs: [{ kind: 'InferencePool', name: 'llm-vllm' }],
        },
      ],
    })
    expect(read('picker-service').metadata.name).toBe('llm-vllm-picker')
    const claim = files().get('llm/backend-vllm-persistentvolumeclaim.yaml')
    expect(claim).toContain('ReadWriteMany')
    expect([...components.keys()].some((path) => path.includes('ollama'))).toBe(false)
  })

  test('cannot have the name of another module', () => {
    const named = { 'modules/llm-vllm.yaml': 'model_list: []\n' }
    expect(readFleet(writeFleet({ ...backendsFleet, ...named })).faults).toContainEqual(
      expect.objectContaining({
        file: 'modules/llm.yaml',
        message: 'expected another name than vllm: llm-vllm is the module of modules/llm-vllm.yaml',
      }),
    )
  })
})
