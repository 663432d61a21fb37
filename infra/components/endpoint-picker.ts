import { k8s } from 'cdk8s-plus-28'
import type { Chart } from 'cdk8s'
import type { ApiObject } from 'cdk8s'
import { apiTokenMount, apiTokenVolume } from '../api-token.ts'
import { backendName } from '../backends/backend.ts'
import type { PlacedBackend } from '../backends/backend.ts'
import { labelsOf, metadataOf, selectorOf } from '../labels.ts'
import type { Owner } from '../labels.ts'
import { toManifestText } from '../manifest-text.ts'
import { placementOf } from '../placement.ts'
import { restrictedContainer, restrictedPod } from '../pod-security.ts'
import { emptyFolder, quantities } from '../quantities.ts'
import type { Resource } from '../resource.ts'

/** Where a Gateway asks which pod to take. */
export const pickerPort = { name: 'grpc', number: 9002 } as const
const healthPort = { name: 'grpc-health', number: 9003 } as const
const metricsPort = { name: 'metrics', number: 9090 } as const

const user = 10_001

export function pickerName(placed: Pick<PlacedBackend, 'backend' | 'module'>): string {
  return `${backendName(placed)}-picker`
}

/** Prefix caches first, then queues and memory. */
const choice = {
  apiVersion: 'llm-d.ai/v1alpha1',
  kind: 'EndpointPickerConfig',
  plugins: [
    { type: 'queue-scorer' },
    { type: 'kv-cache-utilization-scorer' },
    { type: 'prefix-cache-scorer' },
  ],
  schedulingProfiles: [
    {
      name: 'default',
      plugins: [
        { pluginRef: 'queue-scorer', weight: 2 },
        { pluginRef: 'kv-cache-utilization-scorer', weight: 2 },
        { pluginRef: 'prefix-cache-scorer', weight: 3 },
      ],
    },
  ],
}

interface Picker {
  readonly name: string
  readonly owner: Owner
  readonly image: string
}

/** A file of the picker, where the server has one. */
function ofPicker(
  file: string,
  create: (chart: Chart, picker: Picker, placed: PlacedBackend) => ApiObject,
): Resource<PlacedBackend> {
  return {
    file: `picker-${file}`,
    create: (chart, placed) => {
      const { pool } = placed.backend
      if (pool === undefined) return undefined
      const name = pickerName(placed)
      const { namespace } = placed.platform
      const owner: Owner = { module: name, component: 'endpoint-picker', namespace }
      return create(chart, { name, owner, image: pool.image }, placed)
    },
  }
}

function podOf({ name, image }: Picker, placed: PlacedBackend): k8s.PodSpec {
  const { namespace } = placed.platform
  return {
    serviceAccountName: name,
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    terminationGracePeriodSeconds: 130,
    securityContext: restrictedPod(user),
    ...placementOf(placed.platform),
    containers: [
      {
        name: 'picker',
        image,
        imagePullPolicy: 'IfNotPresent',
        args: [
          `--pool-name=${backendName(placed)}`,
          `--pool-namespace=${namespace}`,
          '--pool-group=inference.networking.k8s.io',
          '--config-file=/etc/picker/config.yaml',
          `--grpc-port=${pickerPort.number}`,
          `--grpc-health-port=${healthPort.number}`,
          `--metrics-port=${metricsPort.number}`,
        ],
        ports: [pickerPort, healthPort, metricsPort].map((port) => ({
          name: port.name,
          containerPort: port.number,
          protocol: 'TCP',
        })),
        resources: {
          requests: quantities({ cpu: '200m', memory: '256Mi', 'ephemeral-storage': '16Mi' }),
          limits: quantities({ cpu: '4', memory: '1Gi', 'ephemeral-storage': '256Mi' }),
        },
        securityContext: restrictedContainer(user),
        readinessProbe: isOpen(pickerPort, { failureThreshold: 3, periodSeconds: 2 }),
        livenessProbe: isOpen(healthPort, { failureThreshold: 6, periodSeconds: 10 }),
        volumeMounts: [
          { name: 'config', mountPath: '/etc/picker', readOnly: true },
          { name: 'tmp', mountPath: '/tmp' },
          apiTokenMount,
        ],
      },
    ],
    volumes: [
      { name: 'config', configMap: { name } },
      emptyFolder('tmp', '64Mi'),
      // It watches the pool's pods.
      apiTokenVolume,
    ],
  }
}

function isOpen(
  port: { readonly name: string },
  times: { failureThreshold: number; periodSeconds: number },
): k8s.Probe {
  return {
    tcpSocket: { port: k8s.IntOrString.fromString(port.name) },
    timeoutSeconds: 3,
    ...times,
  }
}

/** Everything the picker of a pool is made of. */
export const pickerResources: readonly Resource<PlacedBackend>[] = [
  ofPicker(
    'serviceaccount',
    (chart, { name, owner }) =>
      new k8s.KubeServiceAccount(chart, 'serviceaccount', {
        metadata: metadataOf(owner, name),
        automountServiceAccountToken: false,
      }),
  ),
  ofPicker(
    'role',
    (chart, { name, owner }) =>
      new k8s.KubeRole(chart, 'role', {
        metadata: metadataOf(owner, name),
        rules: [
          { apiGroups: [''], resources: ['pods'], verbs: ['get', 'list', 'watch'] },
          {
            apiGroups: ['inference.networking.k8s.io'],
            resources: ['inferencepools'],
            verbs: ['get', 'list', 'watch'],
          },
          {
            apiGroups: ['llm-d.ai'],
            resources: ['inferenceobjectives', 'inferencemodelrewrites'],
            verbs: ['get', 'list', 'watch'],
          },
        ],
      }),
  ),
  ofPicker(
    'rolebinding',
    (chart, { name, owner }) =>
      new k8s.KubeRoleBinding(chart, 'rolebinding', {
        metadata: metadataOf(owner, name),
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name },
        subjects: [{ kind: 'ServiceAccount', name, namespace: owner.namespace }],
      }),
  ),
  ofPicker(
    'configmap',
    (chart, { name, owner }) =>
      new k8s.KubeConfigMap(chart, 'configmap', {
        metadata: metadataOf(owner, name),
        data: { 'config.yaml': toManifestText(choice) },
      }),
  ),
  ofPicker(
    'deployment',
    (chart, picker, placed) =>
      new k8s.KubeDeployment(chart, 'deployment', {
        metadata: metadataOf(picker.owner, picker.name),
        spec: {
          // Two would each know half of what is under way.
          replicas: 1,
          revisionHistoryLimit: 3,
          selector: { matchLabels: selectorOf(picker.owner) },
          strategy: { type: 'Recreate' },
          template: {
            metadata: { labels: labelsOf(picker.owner) },
            spec: podOf(picker, placed),
          },
        },
      }),
  ),
  ofPicker(
    'service',
    (chart, { name, owner }) =>
      new k8s.KubeService(chart, 'service', {
        metadata: metadataOf(owner, name),
        spec: {
          selector: selectorOf(owner),
          ports: [
            {
              name: pickerPort.name,
              port: pickerPort.number,
              targetPort: k8s.IntOrString.fromString(pickerPort.name),
              protocol: 'TCP',
              appProtocol: 'kubernetes.io/h2c',
            },
          ],
        },
      }),
  ),
  ofPicker(
    'poddisruptionbudget',
    (chart, { name, owner }) =>
      new k8s.KubePodDisruptionBudget(chart, 'poddisruptionbudget', {
        metadata: metadataOf(owner, name),
        spec: {
          maxUnavailable: k8s.IntOrString.fromNumber(1),
          unhealthyPodEvictionPolicy: 'AlwaysAllow',
          selector: { matchLabels: selectorOf(owner) },
        },
      }),
  ),
  ofPicker(
    'networkpolicy',
    (chart, { name, owner }) =>
      new k8s.KubeNetworkPolicy(chart, 'networkpolicy', {
        metadata: metadataOf(owner, name),
        spec: {
          podSelector: { matchLabels: selectorOf(owner) },
          policyTypes: ['Ingress', 'Egress'],
          // Gateways and Prometheus are anywhere.
          ingress: [
            {
              ports: [pickerPort, metricsPort].map((port) => ({
                port: k8s.IntOrString.fromString(port.name),
                protocol: 'TCP',
              })),
            },
          ],
          egress: [{}],
        },
      }),
  ),
]
