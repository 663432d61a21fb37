import type { Platform } from '../modules/platform.ts'
import { backendResources } from './backends/index.ts'
import { renderComponent } from './components/component.ts'
import { components } from './components/index.ts'
import { sharedIngress } from './entrance/ingress.ts'
import type { Fleet, FleetModule } from './fleet.ts'
import { gatewayResources } from './gateway/index.ts'
import {
  renderComponentKustomization,
  renderComponentList,
  renderKustomization,
} from './kustomization.ts'
import { namespace } from './namespace.ts'
import { postgresResources } from './postgres/index.ts'
import { prometheusResources } from './prometheus/index.ts'
import { renderResources } from './resource.ts'
import type { Resource } from './resource.ts'
import type { SharedSubject } from './shared-subject.ts'

/** What synth needs to know of a fleet. */
export interface Synthesis {
  readonly modules: readonly FleetModule[]
  readonly platform: Platform
  /** The gateway image's full name. */
  readonly image: string
}

/** Every file of `k8s/`: its path below that folder, and its text. The same fleet gives the same bytes. */
export function synthesise({ modules, platform, image }: Synthesis): Map<string, string> {
  const files = new Map([
    ...inFolder('shared', renderResources(sharedResources(platform), platform)),
    ...inFolder('shared', renderResources(entrances, { platform, modules })),
  ])
  for (const module of modules) {
    const texts = renderResources(gatewayResources, { module, platform, image })
    for (const [path, text] of inFolder(module.name, texts)) files.set(path, text)
    for (const backend of module.deploy.backends ?? [])
      for (const [file, text] of renderResources(backendResources, { backend, module, platform }))
        files.set(`${module.name}/backend-${backend.name}-${file}`, text)
  }
  files.set('kustomization.yaml', renderKustomization(files.keys()))
  return files
}

/** Every file of `components/`: what platform.yaml and the modules ask of clusters that know more than Kubernetes itself. */
export function synthesiseComponents(synthesis: Synthesis): Map<string, string> {
  const files = new Map<string, string>()
  const names: string[] = []
  for (const component of components) {
    const texts = renderComponent(component, synthesis)
    if (texts.size === 0) continue
    names.push(component.name)
    texts.set('kustomization.yaml', renderComponentKustomization(texts.keys()))
    for (const [path, text] of inFolder(component.name, texts)) files.set(path, text)
  }
  // Always there, so that the root can name it once and for all.
  return files.set('kustomization.yaml', renderComponentList(names))
}

const entrances: readonly Resource<SharedSubject>[] = [sharedIngress]

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
