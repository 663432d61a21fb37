import { k8s } from 'cdk8s-plus-28'
import { labelsOf, metadataOf, selectorOf } from '../labels.ts'
import { secretOf } from '../names.ts'
import { placementOf } from '../placement.ts'
import { restrictedContainer, restrictedPod } from '../pod-security.ts'
import { emptyFolder, quantities } from '../quantities.ts'
import type { Resource } from '../resource.ts'
import { backendName, backendOwner } from './backend.ts'
import type { PlacedBackend } from './backend.ts'
import { dataFolder, servers } from './servers.ts'

const user = 10_001

export const serverPort = 'http'

/** A model server's pods; usually one. */
export const workload: Resource<PlacedBackend> = {
  file: 'deployment',
  create: (chart, placed) => {
    const owner = backendOwner(placed)
    return new k8s.KubeDeployment(chart, 'deployment', {
      metadata: metadataOf(owner, backendName(placed)),
      spec: {
        replicas: placed.backend.replicas,
        revisionHistoryLimit: 3,
        selector: { matchLabels: selectorOf(owner) },
        // One pod holds its volume and its device until it is gone.
        strategy: { type: placed.backend.replicas > 1 ? 'RollingUpdate' : 'Recreate' },
        template: { metadata: { labels: labelsOf(owner) }, spec: podOf(placed) },
      },
    })
  },
}

function podOf(placed: PlacedBackend): k8s.PodSpec {
  const { backend, platform } = placed
  return {
    serviceAccountName: backendName(placed),
    automountServiceAccountToken: false,
    // A Service called `vllm` would put VLLM_PORT=tcp://… into the environment.
    enableServiceLinks: false,
    terminationGracePeriodSeconds: 120,
    securityContext: restrictedPod(user),
    ...placementOf(platform, backend),
    containers: [serverOf(placed), ...fetcherOf(placed)],
    volumes: [
      { name: 'data', persistentVolumeClaim: { claimName: backendName(placed) } },
      emptyFolder('tmp', '8Gi'),
      emptyFolder('shared-memory', '2Gi', 'Memory'),
    ],
  }
}

const mounts = [
  { name: 'data', mountPath: dataFolder },
  { name: 'tmp', mountPath: '/tmp' },
]

function serverOf(placed: PlacedBackend): k8s.Container {
  const { backend } = placed
  const { port, readyPath, args } = servers[backend.kind]
  const { requests, limits } = backend.resources
  return {
    name: 'server',
    image: backend.image,
    imagePullPolicy: 'IfNotPresent',
    args: [...args(backend), ...backend.args],
    env: environmentOf(placed),
    ports: [{ name: serverPort, containerPort: port, protocol: 'TCP' }],
    resources: {
      requests: quantities({ 'ephemeral-storage': '64Mi', ...requests }),
      limits: quantities({ 'ephemeral-storage': '10Gi', ...limits }),
    },
    securityContext: restrictedContainer(user),
    // Half an hour: the first start may bring its model from far away.
    startupProbe: ask(readyPath, { failureThreshold: 360, periodSeconds: 5 }),
    readinessProbe: ask(readyPath, { failureThreshold: 3, periodSeconds: 5 }),
    // A server that is busy for a while is not a dead one.
    livenessProbe: {
      tcpSocket: { port: k8s.IntOrString.fromString(serverPort) },
      failureThreshold: 6,
      periodSeconds: 20,
      timeoutSeconds: 5,
    },
    volumeMounts: [...mounts, { name: 'shared-memory', mountPath: '/dev/shm' }],
  }
}

function fetcherOf({ backend }: PlacedBackend): k8s.Container[] {
  const fetcher = servers[backend.kind].fetch?.(backend)
  if (fetcher === undefined) return []
  return [
    {
      name: 'models',
      image: backend.image,
      imagePullPolicy: 'IfNotPresent',
      ...fetcher,
      env: [...(fetcher.env ?? []), { name: 'HOME', value: '/tmp' }],
      resources: {
        requests: quantities({ cpu: '10m', memory: '32Mi', 'ephemeral-storage': '16Mi' }),
        limits: quantities({ memory: '256Mi', 'ephemeral-storage': '64Mi' }),
      },
      securityContext: restrictedContainer(user),
      volumeMounts: [{ name: 'tmp', mountPath: '/tmp' }],
    },
  ]
}

function environmentOf({ backend, module }: PlacedBackend): k8s.EnvVar[] {
  const { env, usesToken } = servers[backend.kind]
  const key = 'HF_TOKEN'
  return [
    { name: 'HOME', value: dataFolder },
    ...Object.entries(env).map(([name, value]) => ({ name, value })),
    ...(usesToken
      ? [
          {
            name: key,
            valueFrom: { secretKeyRef: { name: secretOf(module), key, optional: true } },
          },
        ]
      : []),
  ]
}

function ask(path: string, times: { failureThreshold: number; periodSeconds: number }): k8s.Probe {
  const port = k8s.IntOrString.fromString(serverPort)
  return { httpGet: { path, port }, timeoutSeconds: 5, ...times }
}
