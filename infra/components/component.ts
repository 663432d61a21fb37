import type { PlacedBackend } from '../backends/backend.ts'
import type { Gateway } from '../gateway/gateway.ts'
import { renderResources } from '../resource.ts'
import type { Resource } from '../resource.ts'
import type { SharedSubject } from '../shared-subject.ts'

/** Objects of kinds that a cluster may not know, apart from `k8s/` so that it applies anywhere. */
export interface Component {
  /** Its folder below `components/`. */
  readonly name: string
  readonly isWanted: (subject: ComponentSubject) => boolean
  readonly shared?: readonly Resource<SharedSubject>[]
  /** Of each module; files begin with its name. */
  readonly ofModule?: readonly Resource<Gateway>[]
  /** Of each model server; files begin with its module's name and its own. */
  readonly ofBackend?: readonly Resource<PlacedBackend>[]
}

export interface ComponentSubject extends SharedSubject {
  /** The gateway image's full name. */
  readonly image: string
}

/** The component's files by name; none where nothing asks for it. */
export function renderComponent(
  { isWanted, shared = [], ofModule = [], ofBackend = [] }: Component,
  subject: ComponentSubject,
): Map<string, string> {
  if (!isWanted(subject)) return new Map()
  const files = renderResources(shared, subject)
  const { platform, image } = subject
  for (const module of subject.modules) {
    for (const [file, text] of renderResources(ofModule, { module, platform, image }))
      files.set(`${module.name}-${file}`, text)
    for (const backend of module.deploy.backends ?? [])
      for (const [file, text] of renderResources(ofBackend, { backend, module, platform }))
        files.set(`${module.name}-${backend.name}-${file}`, text)
  }
  return files
}
