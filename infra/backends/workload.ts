import { k8s } from 'cdk8s-plus-28'
import { labelsOf, metadataOf, selectorOf } from '../labels.ts'
import { secretOf } from '../names.ts'
import { placementOf } from '../placement.ts'
import { restrictedContainer, restrictedPod } from '../pod-security.ts'
import { emptyFolder, quantities } from '../quantities.ts'
import type { Resource } from '../resource.ts'
import { spreadOf } from '../spread.ts'
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
    ...spreadOf(backendOwner(placed)),
    ...placementOf(platform, backend),
    containers: [serverOf(placed)],
    volumes: [
      { name: 'data', persistentVolumeClaim: { claimName: backendName(placed) } },
      emptyFolder('tmp', '8Gi'),
      emptyFolder('shared-memory', '2Gi', 'Memory'),
      ...tokenOf(placed).volumes,
    ],
  }
}

function serverOf(placed: PlacedBackend): k8s.Container {
  const { backend } = placed
  const { port, readyPath, command, args } = servers[backend.kind]
  const { requests, limits } = backend.resources
  return {
    name: 'server',
    image: backend.image,
    imagePullPolicy: 'IfNotPresent',
    ...(command === undefined ? {} : { command }),
    args: [...args(backend), ...backend.args],
    env: [...environmentOf(placed), ...tokenOf(placed).env],
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
    volumeMounts: [
      { name: 'data', mountPath: dataFolder },
      { name: 'tmp', mountPath: '/tmp' },
      { name: 'shared-memory', mountPath: '/dev/shm' },
      ...tokenOf(placed).mounts,
    ],
  }
}

function environmentOf({ backend }: PlacedBackend): k8s.EnvVar[] {
  const variables = { HOME: dataFolder, ...servers[backend.kind].env(backend) }
  return Object.entries(variables).map(([name, value]) => ({ name, value }))
}

interface Token {
  readonly volumes: k8s.Volume[]
  readonly mounts: k8s.VolumeMount[]
  readonly env: k8s.EnvVar[]
}

/** The module's Hugging Face token as a file, where the server takes one; it may not be there. */
function tokenOf({ backend, module }: PlacedBackend): Token {
  if (!servers[backend.kind].usesToken) return { volumes: [], mounts: [], env: [] }
  const name = 'token'
  const key = 'HF_TOKEN'
  const mountPath = '/etc/colonnade/token'
  const items = [{ key, path: key }]
  const secret = { secretName: secretOf(module), optional: true, defaultMode: 0o440, items }
  return {
    volumes: [{ name, secret }],
    mounts: [{ name, mountPath, readOnly: true }],
    env: [{ name: 'HF_TOKEN_PATH', value: `${mountPath}/${key}` }],
  }
}

function ask(path: string, times: { failureThreshold: number; periodSeconds: number }): k8s.Probe {
  const port = k8s.IntOrString.fromString(serverPort)
  return { httpGet: { path, port }, timeoutSeconds: 5, ...times }
}
