import { k8s } from 'cdk8s-plus-28'
import { metadataOf } from '../labels.ts'
import { gatewayName } from '../names.ts'
import type { Resource } from '../resource.ts'
import { ownerOf } from './gateway.ts'
import type { Gateway } from './gateway.ts'

/** Slowly, because a pod that goes waits for its streams. */
export const slowDown = {
  scaleDown: {
    stabilizationWindowSeconds: 300,
    policies: [{ type: 'Pods', value: 1, periodSeconds: 120 }],
  },
}

/** Pods by CPU use.  */
export const horizontalPodAutoscaler: Resource<Gateway> = {
  file: 'horizontalpodautoscaler',
  create: (chart, gateway) => {
    const { autoscaling } = gateway.module.deploy
    // By requests under way it is KEDA that makes one.
    if (autoscaling === undefined || autoscaling.targetInFlight !== undefined) return undefined
    const { min, max, targetCpuPercent = 70 } = autoscaling
    const name = gatewayName(gateway.module.name)
    return new k8s.KubeHorizontalPodAutoscalerV2(chart, 'horizontalpodautoscaler', {
      metadata: metadataOf(ownerOf(gateway), name),
      spec: {
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name },
        minReplicas: min,
        maxReplicas: max,
        metrics: [
          {
            type: 'Resource',
            resource: {
              name: 'cpu',
              target: { type: 'Utilization', averageUtilization: targetCpuPercent },
            },
          },
        ],
        behavior: slowDown,
      },
    })
  },
}
