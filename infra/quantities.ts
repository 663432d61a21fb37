import { k8s } from 'cdk8s-plus-28'

/** Amounts by resource name, as the typed objects want them. */
export function quantities(
  amounts: Readonly<Record<string, string>>,
): Record<string, k8s.Quantity> {
  return Object.fromEntries(
    Object.entries(amounts).map(([name, amount]) => [name, k8s.Quantity.fromString(amount)]),
  )
}

/** An empty folder of a pod, of at most this size. */
export function emptyFolder(name: string, sizeLimit: string, medium?: 'Memory'): k8s.Volume {
  const limit = k8s.Quantity.fromString(sizeLimit)
  return { name, emptyDir: { sizeLimit: limit, ...(medium === undefined ? {} : { medium }) } }
}
