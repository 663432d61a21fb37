import { k8s } from 'cdk8s-plus-28'
import type { Autoscaling } from '../../modules/module.ts'
import { createCustomObject } from '../custom-object.ts'
import { addressOf } from '../entrance/address.ts'
import { httpPort, ownerOf } from '../gateway/gateway.ts'
import type { Gateway } from '../gateway/gateway.ts'
import { slowDown } from '../gateway/horizontal-pod-autoscaler.ts'
import { metadataOf } from '../labels.ts'
import { gatewayName } from '../names.ts'
import { sharedOwner } from '../namespace.ts'
import { monitoringName, monitoringPort } from '../prometheus/monitoring.ts'
import type { Resource } from '../resource.ts'
import type { SharedSubject } from '../shared-subject.ts'
import type { Component } from './component.ts'
import { addOn, proxyName, scalesFromZero } from './interceptor.ts'

/** Pods by requests under way. */
const scaledObject: Resource<Gateway> = {
  file: 'scaledobject',
  create: (chart, gateway) => {
    const { autoscaling } = gateway.module.deploy
    if (autoscaling?.targetInFlight === undefined) return undefined
    const name = gatewayName(gateway.module.name)
    return createCustomObject(chart, ownerOf(gateway), {
      apiVersion: 'keda.sh/v1alpha1',
      kind: 'ScaledObject',
      name,
      spec: {
        scaleTargetRef: { name },
        minReplicaCount: autoscaling.min,
        maxReplicaCount: autoscaling.max,
        pollingInterval: 15,
        cooldownPeriod: 600,
        ...fallbackOf(autoscaling),
        advanced: { horizontalPodAutoscalerConfig: { behavior: slowDown } },
        triggers: triggersOf(gateway, autoscaling),
      },
    })
  },
}

/** While nobody can say how many requests there are. The add-on's trigger has no such way. */
function fallbackOf({ min, max }: Autoscaling): { fallback?: object } {
  if (min === 0) return {}
  return { fallback: { failureThreshold: 4, replicas: Math.min(Math.max(min, 2), max) } }
}

function triggersOf(
  { module, platform }: Gateway,
  { targetInFlight, targetCpuPercent }: Autoscaling,
): object[] {
  const cpu = {
    type: 'cpu',
    metricType: 'Utilization',
    metadata: { value: String(targetCpuPercent) },
  }
  const bundled = `http://${monitoringName}.${platform.namespace}:${monitoringPort.number}`
  const inFlight = {
    type: 'prometheus',
    metricType: 'AverageValue',
    metadata: {
      serverAddress: platform.prometheus.address ?? bundled,
      query: `sum(litellm_in_flight_requests{module="${module.name}",namespace="${platform.namespace}"})`,
      threshold: String(targetInFlight),
    },
  }
  const waking = {
    type: 'external-push',
    metadata: { scalerAddress: addOn.scaler, interceptorRoute: gatewayName(module.name) },
  }
  return [
    scalesFromZero(module) ? waking : inFlight,
    ...(targetCpuPercent === undefined ? [] : [cpu]),
  ]
}

/** What the add-on takes for this module, and how many requests a pod gets. */
const interceptorRoute: Resource<Gateway> = {
  file: 'interceptorroute',
  create: (chart, gateway) => {
    const { module, platform } = gateway
    if (!scalesFromZero(module)) return undefined
    const name = gatewayName(module.name)
    const proxy = proxyName(module.name)
    const places = [platform.ingress, platform.gatewayApi]
      .filter((entrance) => entrance !== undefined)
      .map((entrance) => addressOf(module.name, entrance))
    return createCustomObject(chart, ownerOf(gateway), {
      apiVersion: 'http.keda.sh/v1beta1',
      kind: 'InterceptorRoute',
      name,
      spec: {
        target: { service: name, port: httpPort.number },
        rules: [
          {
            hosts: [
              proxy,
              ...['', '.svc', '.svc.cluster.local'].map(
                (end) => `${proxy}.${platform.namespace}${end}`,
              ),
            ],
          },
          ...places.map(({ host, path }) => ({
            ...(host === undefined ? {} : { hosts: [host] }),
            paths: [{ value: path }],
          })),
        ],
        // A first answer may take minutes, and the gateway ends what takes too long itself.
        timeouts: { request: '0s', responseHeader: '0s', readiness: '120s' },
        scalingMetric: { concurrency: { targetValue: module.deploy.autoscaling?.targetInFlight } },
      },
    })
  },
}

/** The way to the add-on by a name of this namespace. */
const proxyService: Resource<Gateway> = {
  file: 'service',
  create: (chart, gateway) => {
    if (!scalesFromZero(gateway.module)) return undefined
    return new k8s.KubeService(chart, 'service', {
      metadata: metadataOf(ownerOf(gateway), proxyName(gateway.module.name)),
      spec: {
        type: 'ExternalName',
        externalName: `${addOn.service}.${addOn.namespace}.svc.cluster.local`,
        ports: [{ name: httpPort.name, port: addOn.port, protocol: 'TCP' }],
      },
    })
  },
}

/** Lets routes of this namespace lead to the add-on in its own. */
const referenceGrant: Resource<SharedSubject> = {
  file: 'referencegrant',
  create: (chart, { platform, modules }) => {
    if (platform.gatewayApi === undefined || !modules.some(scalesFromZero)) return undefined
    const group = 'gateway.networking.k8s.io'
    return createCustomObject(
      chart,
      { ...sharedOwner(platform), namespace: addOn.namespace },
      {
        apiVersion: `${group}/v1beta1`,
        kind: 'ReferenceGrant',
        name: `routes-of-${platform.namespace}`,
        spec: {
          from: [{ group, kind: 'HTTPRoute', namespace: platform.namespace }],
          to: [{ group: '', kind: 'Service', name: addOn.service }],
        },
      },
    )
  },
}

/** Scaling by requests, from zero where a module says so. */
export const keda: Component = {
  name: 'keda',
  isWanted: ({ modules }) =>
    modules.some(({ deploy }) => deploy.autoscaling?.targetInFlight !== undefined),
  shared: [referenceGrant],
  ofModule: [scaledObject, interceptorRoute, proxyService],
}
