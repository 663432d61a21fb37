import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { faultLine } from '../../modules/fault-list.ts'
import { readPlatform } from '../../modules/platform.ts'

const defaults = {
  namespace: 'ai-gateway',
  image: 'colonnade-gateway',
  imagePullSecrets: [],
  nodeSelector: {},
  tolerations: [],
  backendHost: 'host.minikube.internal',
  secrets: { mode: 'generated' },
  postgres: {
    mode: 'bundled',
    image: 'postgres:15.18-bookworm',
    storage: '5Gi',
    instances: 3,
    poolers: 0,
  },
  prometheus: {
    mode: 'bundled',
    image: 'prom/prometheus:v3.13.0',
    retention: '15d',
    nodePort: 30_900,
    labels: {},
    hasRules: true,
  },
}

test.each([undefined, '', '\n# nothing\n', '{}', 'postgres:\nprometheus: {}\n'])(
  '%j is the default platform',
  (text) => {
    expect(readPlatform(text)).toEqual({ platform: defaults, faults: [] })
  },
)

test('the shipped file says nothing but the defaults', () => {
  const text = readFileSync(join(import.meta.dirname, '../../platform.yaml'), 'utf8')
  expect(readPlatform(text)).toEqual({ platform: defaults, faults: [] })
})

test('every key is read', () => {
  const text = `
namespace: models
image: registry.example:5000/team/colonnade-gateway
image_digest: "sha256:${'ab'.repeat(32)}"
image_pull_secrets: [registry]
node_selector: {kubernetes.io/arch: amd64}
tolerations: [{key: ai, operator: Exists, effect: NoExecute, toleration_seconds: 60}]
backend_host: node
secrets: {mode: external, store: vault, store_kind: SecretStore, path: "ai/{name}", refresh: 15m}
postgres: {mode: external, image: "postgres:16.4", storage: 20Gi, storage_class: fast, secret: database, secret_key: url}
prometheus: {mode: none, image: "prom/prometheus:v3.0.0", storage: 8Gi, storage_class: slow, retention: 1y30d, node_port: 31000, namespace: monitoring, address: "http://prometheus:9090"}
ingress: {host: ai.example.com, routing: host, class: nginx, tls_secret: tls, issuer: letsencrypt, issuer_kind: Issuer, annotations: {a: "1"}}
gateway_api: {host: ai.example.com, routing: path, parents: [{name: web, namespace: entrance, section: https}]}
`
  expect(readPlatform(text)).toEqual({
    platform: {
      namespace: 'models',
      image: 'registry.example:5000/team/colonnade-gateway',
      imageDigest: `sha256:${'ab'.repeat(32)}`,
      imagePullSecrets: ['registry'],
      nodeSelector: { 'kubernetes.io/arch': 'amd64' },
      tolerations: [{ key: 'ai', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 60 }],
      backendHost: 'node',
      secrets: {
        mode: 'external',
        store: 'vault',
        storeKind: 'SecretStore',
        path: 'ai/{name}',
        refresh: '15m',
      },
      postgres: {
        mode: 'external',
        image: 'postgres:16.4',
        storage: '20Gi',
        storageClass: 'fast',
        secret: { name: 'database', key: 'url' },
        instances: 3,
        poolers: 0,
      },
      prometheus: {
        mode: 'none',
        image: 'prom/prometheus:v3.0.0',
        storage: '8Gi',
        storageClass: 'slow',
        retention: '1y30d',
        nodePort: 31_000,
        labels: {},
        namespace: 'monitoring',
        address: 'http://prometheus:9090',
        hasRules: true,
      },
      ingress: {
        host: 'ai.example.com',
        routing: 'host',
        class: 'nginx',
        tlsSecret: 'tls',
        issuer: { kind: 'Issuer', name: 'letsencrypt' },
        annotations: { a: '1' },
      },
      gatewayApi: {
        host: 'ai.example.com',
        routing: 'path',
        parents: [{ name: 'web', namespace: 'entrance', section: 'https' }],
      },
    },
    faults: [],
  })
})

test.each(['192.168.1.7', '[fd00::1]', 'gpu-box.lan', 'node'])('%s is a host', (host) => {
  expect(readPlatform(`backend_host: "${host}"\n`).platform.backendHost).toBe(host)
})

test.each([
  ['namespace: kube-system', 'namespace: expected a name of at most 63 letters'],
  ['namespace: My_Space', 'namespace: expected a name'],
  ['image: colonnade-gateway:latest', 'image: expected the name of an image without a tag'],
  ['backend_host: http://a', 'backend_host: expected the name or address of a host, or node'],
  ['backend_host: ${HOST}', 'backend_host: expected the value itself: variables are not read here'],
  ['postgres: {mode: bundeled}', 'did you mean bundled?'],
  ['postgres: {image: postgres}', 'postgres.image: expected an image with its full tag'],
  ['postgres: {image: "postgres:latest"}', 'postgres.image: expected an image with its full tag'],
  ['postgres: {storage: 5GB}', 'postgres.storage: expected a size such as 5Gi, found "5GB"'],
  ['postgres: {sotrage: 5Gi}', 'postgres.sotrage: unknown key, did you mean storage?'],
  ['image_digest: abc', 'image_digest: expected sha256: and 64 hexadecimal digits'],
  ['image_pull_secrets: [Registry]', 'image_pull_secrets[0]: expected the name of a Kubernetes'],
  ['node_selector: {gpu: true}', 'node_selector.gpu: expected the value of a label'],
  ['tolerations: [{efect: NoExecute}]', 'unknown key, did you mean effect?'],
  ['secrets: {mode: external}', 'secrets.store: expected the name of a ClusterSecretStore'],
  ['secrets: {store: vault}', 'secrets.store: expected mode: external with it, found no mode'],
  ['postgres: {secret: a}', 'postgres.secret: expected mode: external with it, found no mode'],
  ['postgres: {mode: external, secret_key: a}', 'postgres.secret_key: expected a secret beside it'],
  ['postgres: {mode: external, pooler: 2}', 'expected mode: cnpg with it, found external'],
  ['prometheus: {labels: {a: b}}', 'prometheus.labels: expected mode: operator with it'],
  ['prometheus: {namespace: a}', 'prometheus.namespace: expected mode operator or none with it'],
  ['prometheus: {address: "a:9090"}', 'prometheus.address: expected an address such as http://'],
  ['ingress: {class: nginx}', 'ingress.host: expected a host name such as ai.example.com'],
  ['ingress: {host: "https://a"}', 'ingress.host: expected a host name such as ai.example.com'],
  ['ingress: {host: a, issuer_kind: Issuer}', 'ingress.issuer_kind: expected an issuer beside it'],
  ['gateway_api: {parents: []}', 'gateway_api.parents: expected at least one Gateway'],
  [
    'gateway_api: {routing: host, parents: [{name: a}]}',
    'gateway_api.host: expected a host name for routing: host',
  ],
  [
    'prometheus: {node_port: 30000}',
    'prometheus.node_port: expected a whole number from 30001 to 32767, found 30000',
  ],
  [
    'prometheus: {retention: forever}',
    'prometheus.retention: expected a time such as 15d, 12h or 1y, found "forever"',
  ],
  ['prometheus: bundled', 'prometheus: expected keys and values, found "bundled"'],
  ['postgress: {}', 'postgress: unknown key, did you mean postgres?'],
  ['- a', 'expected keys and values, found a list'],
])('%s is an error', (text, message) => {
  const { faults } = readPlatform(`${text}\n`)
  const [fault] = faults
  expect(faults).toHaveLength(1)
  expect(fault?.severity).toBe('error')
  expect(fault && faultLine(fault)).toContain('platform.yaml:1:')
  expect(fault && faultLine(fault)).toContain(message)
})
