import { k8s } from 'cdk8s-plus-28'
import { createCustomObject } from '../custom-object.ts'
import { metricsPort, ownerOf } from '../gateway/gateway.ts'
import type { Gateway } from '../gateway/gateway.ts'
import { componentLabel, labelsOf, metadataOf, selectorOf } from '../labels.ts'
import { monitoringOwner } from '../prometheus/monitoring.ts'
import type { Resource } from '../resource.ts'
import type { SharedSubject } from '../shared-subject.ts'
import { alerts } from './alerts.ts'
import type { Component } from './component.ts'

const metricsComponent = 'metrics'

/** The metrics port of a module's pods, which its own Service does not have: that one is for callers. */
const metricsService: Resource<Gateway> = {
  file: 'service',
  create: (chart, gateway) => {
    const owner = { ...ownerOf(gateway), component: metricsComponent } as const
    return new k8s.KubeService(chart, 'service', {
      metadata: metadataOf(owner, `${gateway.module.name}-metrics`),
      spec: {
        clusterIp: 'None',
        selector: selectorOf(owner),
        publishNotReadyAddresses: true,
        ports: [
          {
            name: metricsPort.name,
            port: metricsPort.number,
            targetPort: k8s.IntOrString.fromString(metricsPort.name),
            protocol: 'TCP',
          },
        ],
      },
    })
  },
}

/** One for all modules: a new one needs no edit. */
const serviceMonitor: Resource<SharedSubject> = {
  file: 'servicemonitor',
  create: (chart, { platform }) =>
    createCustomObject(chart, monitoringOwner(platform), {
      apiVersion: 'monitoring.coreos.com/v1',
      kind: 'ServiceMonitor',
      name: 'gateways',
      labels: platform.prometheus.labels,
      spec: {
        namespaceSelector: { matchNames: [platform.namespace] },
        selector: { matchLabels: partOf(platform.namespace) },
        targetLabels: ['module'],
        // Each series says its module itself: let it, or it would be called exported_module.
        endpoints: [
          {
            port: metricsPort.name,
            path: '/metrics',
            interval: '15s',
            scrapeTimeout: '10s',
            honorLabels: true,
          },
        ],
      },
    }),
}

const prometheusRule: Resource<SharedSubject> = {
  file: 'prometheusrule',
  create: (chart, { platform }) => {
    if (!platform.prometheus.hasRules) return undefined
    return createCustomObject(chart, monitoringOwner(platform), {
      apiVersion: 'monitoring.coreos.com/v1',
      kind: 'PrometheusRule',
      name: 'gateways',
      labels: platform.prometheus.labels,
      spec: { groups: [{ name: 'colonnade', rules: alerts(platform.namespace) }] },
    })
  },
}

/** What Prometheus Operator needs to find the gateways, and the alerts on what it finds. */
export const prometheusOperator: Component = {
  name: 'prometheus-operator',
  isWanted: ({ platform }) => platform.prometheus.mode === 'operator',
  shared: [serviceMonitor, prometheusRule],
  ofModule: [metricsService],
}

function partOf(namespace: string): Record<string, string> {
  const part = 'app.kubernetes.io/part-of'
  const labels = labelsOf({ module: '', component: metricsComponent, namespace })
  return { [componentLabel]: metricsComponent, [part]: labels[part] ?? '' }
}
