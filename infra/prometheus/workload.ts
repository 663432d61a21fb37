import { k8s } from 'cdk8s-plus-28'
import type { Platform } from '../../modules/platform.ts'
import { apiTokenMount, apiTokenVolume } from '../api-token.ts'
import { labelsOf, metadataOf, selectorOf } from '../labels.ts'
import { placementOf } from '../placement.ts'
import { restrictedContainer, restrictedPod } from '../pod-security.ts'
import { emptyFolder, quantities } from '../quantities.ts'
import type { Resource } from '../resource.ts'
import { monitoringName, monitoringOwner, monitoringPort, monitoringUser } from './monitoring.ts'

/** Where series go that platform.yaml gives no storage. */
const scratchSize = '5Gi'

/** Prometheus's one pod. */
export const workload: Resource<Platform> = {
  file: 'prometheus-deployment',
  create: (chart, platform) => {
    const owner = monitoringOwner(platform)
    return new k8s.KubeDeployment(chart, 'deployment', {
      metadata: metadataOf(owner, monitoringName),
      spec: {
        replicas: 1,
        revisionHistoryLimit: 3,
        selector: { matchLabels: selectorOf(owner) },
        // Two of them cannot share a volume.
        strategy: { type: 'Recreate' },
        template: { metadata: { labels: labelsOf(owner) }, spec: podOf(platform) },
      },
    })
  },
}

function podOf(platform: Platform): k8s.PodSpec {
  return {
    serviceAccountName: monitoringName,
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    terminationGracePeriodSeconds: 60,
    securityContext: restrictedPod(monitoringUser),
    ...placementOf(platform),
    containers: [containerOf(platform)],
    volumes: [
      { name: 'config', configMap: { name: `${monitoringName}-config` } },
      dataVolume(platform),
      // Discovery asks the API server.
      apiTokenVolume,
    ],
  }
}

function containerOf({ prometheus }: Platform): k8s.Container {
  return {
    name: 'prometheus',
    image: prometheus.image,
    imagePullPolicy: 'IfNotPresent',
    args: [
      '--config.file=/etc/prometheus/prometheus.yml',
      '--storage.tsdb.path=/prometheus',
      `--storage.tsdb.retention.time=${prometheus.retention}`,
      `--storage.tsdb.retention.size=${mostMegabytes(prometheus.storage ?? scratchSize)}MB`,
      // Reads a changed configuration by itself.
      '--enable-feature=auto-reload-config',
    ],
    ports: [{ name: monitoringPort.name, containerPort: monitoringPort.number, protocol: 'TCP' }],
    resources: {
      requests: quantities({ cpu: '50m', memory: '256Mi', 'ephemeral-storage': '64Mi' }),
      limits: quantities({
        cpu: '2',
        memory: '1Gi',
        'ephemeral-storage': prometheus.storage === undefined ? '6Gi' : '256Mi',
      }),
    },
    securityContext: restrictedContainer(monitoringUser),
    startupProbe: ask('/-/ready', { failureThreshold: 150, periodSeconds: 2 }),
    readinessProbe: ask('/-/ready', { failureThreshold: 2, periodSeconds: 5 }),
    livenessProbe: ask('/-/healthy', { failureThreshold: 3, periodSeconds: 10 }),
    volumeMounts: [
      { name: 'config', mountPath: '/etc/prometheus', readOnly: true },
      { name: 'data', mountPath: '/prometheus' },
      apiTokenMount,
    ],
  }
}

/** Four fifths of the volume, so that the oldest series go before it is full. */
function mostMegabytes(storage: string): number {
  const [, digits, unit = 'Gi'] = /^(\d+)(\w+)$/.exec(storage) ?? []
  const factors: Readonly<Record<string, number>> = {
    M: 1,
    G: 1e3,
    T: 1e6,
    Mi: 1.048,
    Gi: 1074,
    Ti: 1.1e6,
  }
  return Math.floor(Number(digits) * (factors[unit] ?? 1) * 0.8)
}

function dataVolume({ prometheus }: Platform): k8s.Volume {
  if (prometheus.storage === undefined) return emptyFolder('data', scratchSize)
  return { name: 'data', persistentVolumeClaim: { claimName: monitoringName } }
}

function ask(path: string, times: { failureThreshold: number; periodSeconds: number }): k8s.Probe {
  const port = k8s.IntOrString.fromString(monitoringPort.name)
  return { httpGet: { path, port }, timeoutSeconds: 3, ...times }
}
