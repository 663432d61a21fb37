import type { Platform } from '../modules/platform.ts'
import type { Fleet, FleetModule } from './fleet.ts'
import { gatewayResources } from './gateway/index.ts'
import { renderKustomization } from './kustomization.ts'
import { namespace } from './namespace.ts'
import { postgresResources } from './postgres/index.ts'
import { prometheusResources } from './prometheus/index.ts'
import { renderResources } from './resource.ts'
import type { Resource } from './resource.ts'

/** What synth needs to know of a fleet. */
export interface Synthesis {
  readonly modules: readonly FleetModule[]
  readonly platform: Platform
  /** The gateway image's full name. */
  readonly image: string
}

/** Every file of `k8s/`: its path below that folder, and its text. The same fleet gives the same bytes. */
export function synthesise({ modules, platform, image }: Synthesis): Map<string, string> {
  const files = new Map(inFolder('shared', renderResources(sharedResources(platform), platform)))
  for (const module of modules) {
    const texts = renderResources(gatewayResources, { module, platform, image })
    for (const [path, text] of inFolder(module.name, texts)) files.set(path, text)
  }
  files.set('kustomization.yaml', renderKustomization(files.keys()))
  return files
}

function sharedResources({ postgres, prometheus }: Fleet['platform']): Resource<Platform>[] {
  return [
    namespace,
    ...(postgres.mode === 'bundled' ? postgresResources : []),
    ...(prometheus.mode === 'bundled' ? prometheusResources : []),
  ]
}

function inFolder(folder: string, texts: ReadonlyMap<string, string>): [string, string][] {
  return [...texts].map(([file, text]) => [`${folder}/${file}`, text])
}
