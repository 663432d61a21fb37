import { toManifestText } from './manifest-text.ts'

/** A kustomization that names each file, because kustomize takes no patterns. */
export function renderKustomization(files: Iterable<string>, source?: string): string {
  const kustomization = {
    apiVersion: 'kustomize.config.k8s.io/v1beta1',
    kind: 'Kustomization',
    resources: [...files].sort(),
  }
  return toManifestText(kustomization, source)
}
