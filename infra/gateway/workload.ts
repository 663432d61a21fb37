import { k8s } from 'cdk8s-plus-28'
import { entranceVariables } from '../entrance/address.ts'
import { labelsOf, metadataOf, selectorOf } from '../labels.ts'
import { configName, gatewayName } from '../names.ts'
import { placementOf } from '../placement.ts'
import { restrictedContainer, restrictedPod } from '../pod-security.ts'
import { emptyFolder, quantities } from '../quantities.ts'
import type { Resource } from '../resource.ts'
import { spreadOf } from '../spread.ts'
import { httpPort, metricsPort, ownerOf } from './gateway.ts'
import type { Gateway } from './gateway.ts'
import { secretsVolume } from './secrets-volume.ts'

/** As the image's own user. */
const user = 10_001

const shutdownTimeoutSeconds = 600

const scratchName = 'ephemeral-storage'

/** Spool, temporary files and logs. */
const scratch = { requests: { [scratchName]: '64Mi' }, limits: { [scratchName]: '2Gi' } }

/** Between the signal and the end: unready for a while, streams to their end, a flush. */
const terminationGracePeriodSeconds = 5 + shutdownTimeoutSeconds + 10

/** The gateway's pods. Nothing in them waits for Postgres or for a backend. */
export const workload: Resource<Gateway> = {
  file: 'deployment',
  create: (chart, gateway) => {
    const { module } = gateway
    const owner = ownerOf(gateway)
    return new k8s.KubeDeployment(chart, 'deployment', {
      metadata: metadataOf(owner, gatewayName(module.name)),
      spec: {
        ...replicasOf(gateway),
        revisionHistoryLimit: 3,
        selector: { matchLabels: selectorOf(owner) },
        strategy: {
          type: 'RollingUpdate',
          rollingUpdate: {
            maxSurge: k8s.IntOrString.fromNumber(1),
            maxUnavailable: k8s.IntOrString.fromNumber(0),
          },
        },
        template: { metadata: { labels: labelsOf(owner) }, spec: podOf(gateway) },
      },
    })
  },
}

function replicasOf({ module: { deploy } }: Gateway): { replicas?: number } {
  if (deploy.autoscaling !== undefined || deploy.replicas === null) return {}
  return { replicas: deploy.replicas }
}

function podOf(gateway: Gateway): k8s.PodSpec {
  const { name } = gateway.module
  return {
    serviceAccountName: gatewayName(name),
    automountServiceAccountToken: false,
    // A Service called `llm` would put LLM_PORT=tcp://… into the environment.
    enableServiceLinks: false,
    terminationGracePeriodSeconds,
    securityContext: restrictedPod(user),
    ...spreadOf(ownerOf(gateway)),
    ...placementOf(gateway.platform, gateway.module.deploy),
    containers: [containerOf(gateway)],
    volumes: [
      { name: 'config', configMap: { name: configName(name) } },
      secretsVolume(gateway),
      emptyFolder('spool', '1Gi'),
      emptyFolder('tmp', '256Mi'),
    ],
  }
}

function containerOf(gateway: Gateway): k8s.Container {
  const { requests, limits } = gateway.module.deploy.resources
  return {
    name: 'gateway',
    image: gateway.image,
    imagePullPolicy: 'IfNotPresent',
    env: environmentOf(gateway),
    ports: [httpPort, metricsPort].map(({ name, number }) => ({
      name,
      containerPort: number,
      protocol: 'TCP',
    })),
    resources: {
      requests: quantities({ ...scratch.requests, ...requests }),
      // A request of the module's own comes with a limit of its own, or none.
      limits: quantities({ ...(requests[scratchName] ? {} : scratch.limits), ...limits }),
    },
    securityContext: restrictedContainer(user),
    startupProbe: ask('/health/liveliness', { failureThreshold: 60, periodSeconds: 2 }),
    readinessProbe: ask('/health/readiness', { failureThreshold: 2, periodSeconds: 5 }),
    livenessProbe: ask('/health/liveliness', { failureThreshold: 3, periodSeconds: 10 }),
    volumeMounts: [
      // Whole folders: a file mounted by subPath never changes.
      { name: 'config', mountPath: '/etc/colonnade', readOnly: true },
      { name: 'secrets', mountPath: '/etc/colonnade/secrets', readOnly: true },
      { name: 'spool', mountPath: '/var/lib/colonnade/spool' },
      { name: 'tmp', mountPath: '/tmp' },
    ],
  }
}

/** What each pod is told. */
export function environmentOf({ module, platform }: Omit<Gateway, 'image'>): k8s.EnvVar[] {
  const backendHost: k8s.EnvVar =
    platform.backendHost === 'node'
      ? { name: 'BACKEND_HOST', valueFrom: { fieldRef: { fieldPath: 'status.hostIP' } } }
      : { name: 'BACKEND_HOST', value: platform.backendHost }
  return [
    { name: 'MODULE', value: module.name },
    { name: 'HOST', value: '0.0.0.0' },
    { name: 'PORT', value: String(httpPort.number) },
    { name: 'METRICS_PORT', value: String(metricsPort.number) },
    { name: 'SHUTDOWN_TIMEOUT_S', value: String(shutdownTimeoutSeconds) },
    backendHost,
    ...entranceVariables(module.name, platform),
  ]
}

function ask(path: string, times: { failureThreshold: number; periodSeconds: number }): k8s.Probe {
  const port = k8s.IntOrString.fromString(httpPort.name)
  return { httpGet: { path, port }, timeoutSeconds: 3, ...times }
}
