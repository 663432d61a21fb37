import { toManifestText } from '../manifest-text.ts'
import type { Synthesis } from '../synthesise.ts'
import { hostNetwork } from './host-network.ts'
import { kindCluster } from './kind-cluster.ts'
import { production } from './production.ts'

/** What stands in `overlays/` because of the modules; the rest there is written by hand. */
export function synthesiseOverlays(synthesis: Synthesis): Map<string, string> {
  const files = {
    'hostnetwork/kustomization.yaml': hostNetwork(synthesis),
    'kind/cluster.yaml': kindCluster(synthesis),
    'production/kustomization.yaml': production(synthesis),
  }
  return new Map(Object.entries(files).map(([path, object]) => [path, toManifestText(object)]))
}
