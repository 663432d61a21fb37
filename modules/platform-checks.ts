import type { FaultList } from './fault-list.ts'
import type { WrittenPlatform } from './platform.ts'

/** Keys that say something in one mode of their block alone. */
const keysOfModes = {
  postgres: { external: ['secret', 'secret_key'], cnpg: ['instances', 'pooler'] },
  prometheus: { operator: ['labels', 'rules'] },
  secrets: { external: ['store', 'store_kind', 'path', 'refresh'] },
} as const

/** Faults that are in no key alone, but in how they stand together. */
export function checkPlatform(written: WrittenPlatform, faults: FaultList): void {
  for (const [block, modes] of Object.entries(keysOfModes))
    for (const [mode, keys] of Object.entries(modes))
      checkMode({ block, mode, keys }, written, faults)
  const { postgres, prometheus, secrets, ingress, gateway_api: gatewayApi } = written
  if (secrets?.mode === 'external' && secrets.store === undefined)
    faults.error(
      ['secrets', 'store'],
      'expected the name of a ClusterSecretStore or SecretStore, found nothing',
    )
  if (postgres?.secret_key !== undefined && postgres.secret === undefined)
    faults.error(['postgres', 'secret_key'], 'expected a secret beside it, found none')
  if (prometheus?.namespace !== undefined && (prometheus.mode ?? 'bundled') === 'bundled')
    faults.error(
      ['prometheus', 'namespace'],
      'expected mode operator or none with it: the bundled one runs beside the modules',
    )
  if (ingress?.issuer_kind !== undefined && ingress.issuer === undefined)
    faults.error(['ingress', 'issuer_kind'], 'expected an issuer beside it, found none')
  if (gatewayApi?.parents.length === 0)
    faults.error(['gateway_api', 'parents'], 'expected at least one Gateway, found an empty list')
  if (gatewayApi?.routing === 'host' && gatewayApi.host === undefined)
    faults.error(['gateway_api', 'host'], 'expected a host name for routing: host, found nothing')
}

interface ModeKeys {
  readonly block: string
  readonly mode: string
  readonly keys: readonly string[]
}

function checkMode({ block, mode, keys }: ModeKeys, written: object, faults: FaultList): void {
  const entries = Object.entries(written).find(([name]) => name === block)?.[1]
  const found = new Map<string, unknown>(Object.entries(entries ?? {}))
  const foundMode = found.get('mode')
  if (foundMode === mode) return
  for (const key of keys)
    if (found.has(key))
      faults.error(
        [block, key],
        `expected mode: ${mode} with it, found ${typeof foundMode === 'string' ? foundMode : 'no mode'}`,
      )
}
