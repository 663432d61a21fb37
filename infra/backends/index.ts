import { k8s } from 'cdk8s-plus-28'
import { metadataOf, selectorOf } from '../labels.ts'
import { quantities } from '../quantities.ts'
import type { Resource } from '../resource.ts'
import { backendName, backendOwner } from './backend.ts'
import type { PlacedBackend } from './backend.ts'
import { servers } from './servers.ts'
import { serverPort, workload } from './workload.ts'

const serviceAccount: Resource<PlacedBackend> = {
  file: 'serviceaccount',
  create: (chart, placed) =>
    new k8s.KubeServiceAccount(chart, 'serviceaccount', {
      metadata: metadataOf(backendOwner(placed), backendName(placed)),
      automountServiceAccountToken: false,
    }),
}

/** What was fetched stays when the pod goes. */
const volumeClaim: Resource<PlacedBackend> = {
  file: 'persistentvolumeclaim',
  create: (chart, placed) => {
    const { storage, storageClass, replicas } = placed.backend
    return new k8s.KubePersistentVolumeClaim(chart, 'persistentvolumeclaim', {
      metadata: metadataOf(backendOwner(placed), backendName(placed)),
      spec: {
        accessModes: [replicas > 1 ? 'ReadWriteMany' : 'ReadWriteOnce'],
        resources: { requests: quantities({ storage }) },
        ...(storageClass === undefined ? {} : { storageClassName: storageClass }),
      },
    })
  },
}

/** Its address inside the cluster, at the port that it is known by. */
const service: Resource<PlacedBackend> = {
  file: 'service',
  create: (chart, placed) => {
    const owner = backendOwner(placed)
    return new k8s.KubeService(chart, 'service', {
      metadata: metadataOf(owner, backendName(placed)),
      spec: {
        selector: selectorOf(owner),
        ports: [
          {
            name: serverPort,
            port: servers[placed.backend.kind].port,
            targetPort: k8s.IntOrString.fromString(serverPort),
            protocol: 'TCP',
            appProtocol: 'http',
          },
        ],
      },
    })
  },
}

const podDisruptionBudget: Resource<PlacedBackend> = {
  file: 'poddisruptionbudget',
  create: (chart, placed) => {
    const owner = backendOwner(placed)
    return new k8s.KubePodDisruptionBudget(chart, 'poddisruptionbudget', {
      metadata: metadataOf(owner, backendName(placed)),
      spec: {
        maxUnavailable: k8s.IntOrString.fromNumber(1),
        unhealthyPodEvictionPolicy: 'AlwaysAllow',
        selector: { matchLabels: selectorOf(owner) },
      },
    })
  },
}

/** Its own module may ask it, nobody else; a pool's Gateway is anywhere. It may fetch models from anywhere. */
const networkPolicy: Resource<PlacedBackend> = {
  file: 'networkpolicy',
  create: (chart, placed) => {
    const owner = backendOwner(placed)
    const asking = { podSelector: { matchLabels: { module: placed.module.name } } }
    const isPooled = placed.backend.pool !== undefined
    return new k8s.KubeNetworkPolicy(chart, 'networkpolicy', {
      metadata: metadataOf(owner, backendName(placed)),
      spec: {
        podSelector: { matchLabels: selectorOf(owner) },
        policyTypes: ['Ingress', 'Egress'],
        ingress: [
          {
            ...(isPooled ? {} : { from: [asking] }),
            ports: [{ port: k8s.IntOrString.fromString(serverPort), protocol: 'TCP' }],
          },
        ],
        egress: [{}],
      },
    })
  },
}

/** What each model server gets. */
export const backendResources: readonly Resource<PlacedBackend>[] = [
  serviceAccount,
  volumeClaim,
  workload,
  service,
  podDisruptionBudget,
  networkPolicy,
]
