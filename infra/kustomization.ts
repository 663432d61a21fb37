import { toManifestText } from './manifest-text.ts'

const component = { apiVersion: 'kustomize.config.k8s.io/v1alpha1', kind: 'Component' }

/** A component of these files. */
export function renderComponentKustomization(files: Iterable<string>): string {
  return toManifestText({ ...component, resources: [...files].sort() })
}

/** A component of these components, which may be none. */
export function renderComponentList(names: Iterable<string>): string {
  return toManifestText({ ...component, components: [...names].sort() })
}

/** A kustomization that names each file, because kustomize takes no patterns. */
export function renderKustomization(files: Iterable<string>, source?: string): string {
  const kustomization = {
    apiVersion: 'kustomize.config.k8s.io/v1beta1',
    kind: 'Kustomization',
    resources: [...files].sort(),
  }
  return toManifestText(kustomization, source)
}
