import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { madeBy } from './label.ts'

export const upstreamName = 'test-upstream'
/** Also on the node itself, in the node's network. */
export const upstreamPort = 18_431

const script = fileURLToPath(import.meta.resolve('./upstream-server.ts'))

/** The model server of the tests: a script in a ConfigMap, run by the gateway image's Node. */
export function upstreamResources(namespace: string, image: string): object[] {
  const labels = { ...madeBy, module: upstreamName }
  const metadata = { name: upstreamName, namespace, labels }
  return [
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata,
      data: { 'upstream-server.ts': readFileSync(script, 'utf8') },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata,
      spec: {
        selector: { module: upstreamName },
        ports: [{ name: 'http', port: upstreamPort, targetPort: upstreamPort }],
      },
    },
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata,
      spec: {
        replicas: 1,
        strategy: { type: 'Recreate' },
        selector: { matchLabels: { module: upstreamName } },
        template: { metadata: { labels }, spec: podSpec(image) },
      },
    },
  ]
}

/** A patch that puts it where a model server beside the cluster would be. */
export const upstreamOnNode = {
  target: { kind: 'Deployment', name: upstreamName },
  patch: JSON.stringify([
    { op: 'add', path: '/spec/template/spec/hostNetwork', value: true },
    { op: 'add', path: '/spec/template/spec/dnsPolicy', value: 'Default' },
  ]),
} as const

function podSpec(image: string): object {
  return {
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    terminationGracePeriodSeconds: 2,
    securityContext: {
      runAsNonRoot: true,
      runAsUser: 10001,
      runAsGroup: 10001,
      seccompProfile: { type: 'RuntimeDefault' },
    },
    containers: [
      {
        name: 'upstream',
        image,
        command: ['node', '/upstream/upstream-server.ts'],
        readinessProbe: { httpGet: { path: '/v1/models', port: upstreamPort }, periodSeconds: 2 },
        resources: { limits: { memory: '256Mi' }, requests: { cpu: '50m', memory: '64Mi' } },
        securityContext: {
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        },
        volumeMounts: [{ name: 'script', mountPath: '/upstream', readOnly: true }],
      },
    ],
    volumes: [{ name: 'script', configMap: { name: upstreamName } }],
  }
}
