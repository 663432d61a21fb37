import type { k8s } from 'cdk8s-plus-28'
import type { DeploySettings } from '../modules/module.ts'
import type { Platform } from '../modules/platform.ts'

type Placed = Pick<k8s.PodSpec, 'nodeSelector' | 'tolerations' | 'imagePullSecrets'>

/** Where pods run and with what they pull their images: the module's own wish, else the platform's. */
export function placementOf(
  platform: Platform,
  deploy: Pick<DeploySettings, 'nodeSelector' | 'tolerations'> = {},
): Placed {
  const nodeSelector = deploy.nodeSelector ?? platform.nodeSelector
  const tolerations = deploy.tolerations ?? platform.tolerations
  const { imagePullSecrets } = platform
  return {
    ...(Object.keys(nodeSelector).length === 0 ? {} : { nodeSelector }),
    ...(tolerations.length === 0 ? {} : { tolerations: [...tolerations] }),
    ...(imagePullSecrets.length === 0
      ? {}
      : { imagePullSecrets: imagePullSecrets.map((name) => ({ name })) }),
  }
}
