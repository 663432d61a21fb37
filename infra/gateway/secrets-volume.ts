import type { k8s } from 'cdk8s-plus-28'
import { secretOf } from '../names.ts'
import type { Gateway } from './gateway.ts'

/** A module's keys as files. Optional, so that a pod without them starts and says which one it waits for. */
export function secretsVolume({ module, platform }: Gateway): k8s.Volume {
  const name = 'secrets'
  const keys = secretOf(module)
  const { secret: database } = platform.postgres
  if (database === undefined)
    return { name, secret: { secretName: keys, optional: true, defaultMode: 0o440 } }
  const items = [{ key: database.key, path: 'DATABASE_URL' }]
  return {
    name,
    projected: {
      defaultMode: 0o440,
      sources: [
        { secret: { name: keys, optional: true } },
        // The last one wins where both have the address.
        { secret: { name: database.name, optional: true, items } },
      ],
    },
  }
}
