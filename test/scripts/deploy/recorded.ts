import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { detectCluster } from '../../../scripts/deploy/cluster.ts'
import type { Cluster, ClusterFacts } from '../../../scripts/deploy/cluster.ts'

const folder = join(import.meta.dirname, '../../fixtures/clusters')

/** What the tools said on a cluster of this kind. */
export function recordedFacts(name: string): ClusterFacts {
  const facts: ClusterFacts = JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8'))
  return facts
}

export function recordedCluster(name: string): Cluster {
  return detectCluster(recordedFacts(name))
}
