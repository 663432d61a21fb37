import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { faultLine } from '../../modules/fault-list.ts'
import { readPlatform } from '../../modules/platform.ts'

const defaults = {
  namespace: 'ai-gateway',
  image: 'colonnade-gateway',
  backendHost: 'host.minikube.internal',
  postgres: { mode: 'bundled', image: 'postgres:15.18-bookworm', storage: '5Gi' },
  prometheus: {
    mode: 'bundled',
    image: 'prom/prometheus:v3.13.0',
    retention: '15d',
    nodePort: 30_900,
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
backend_host: node
postgres: {mode: external, image: "postgres:16.4", storage: 20Gi, storage_class: fast}
prometheus: {mode: none, image: "prom/prometheus:v3.0.0", storage: 8Gi, storage_class: slow, retention: 1y30d, node_port: 31000}
`
  expect(readPlatform(text)).toEqual({
    platform: {
      namespace: 'models',
      image: 'registry.example:5000/team/colonnade-gateway',
      backendHost: 'node',
      postgres: { mode: 'external', image: 'postgres:16.4', storage: '20Gi', storageClass: 'fast' },
      prometheus: {
        mode: 'none',
        image: 'prom/prometheus:v3.0.0',
        storage: '8Gi',
        storageClass: 'slow',
        retention: '1y30d',
        nodePort: 31_000,
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
  [
    'postgres: {mode: cnpg}',
    'postgres.mode: expected bundled or external, found cnpg, which is not yet offered',
  ],
  ['postgres: {mode: bundeled}', 'did you mean bundled?'],
  ['postgres: {image: postgres}', 'postgres.image: expected an image with its full tag'],
  ['postgres: {image: "postgres:latest"}', 'postgres.image: expected an image with its full tag'],
  ['postgres: {storage: 5GB}', 'postgres.storage: expected a size such as 5Gi, found "5GB"'],
  ['postgres: {sotrage: 5Gi}', 'postgres.sotrage: unknown key, did you mean storage?'],
  [
    'prometheus: {mode: operator}',
    'prometheus.mode: expected bundled or none, found operator, which is not yet offered',
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
