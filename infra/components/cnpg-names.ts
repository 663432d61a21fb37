import type { Platform } from '../../modules/platform.ts'
import { databaseName } from '../postgres/database.ts'

/** The Cluster; its operator makes a Service `-rw` for the server that writes. */
export const clusterName = databaseName

export const poolerName = `${databaseName}-pooler`

/** The Secret with a module's role, for CloudNativePG. */
export function clusterRoleSecret(module: string): string {
  return `${databaseName}-role-${module}`
}

/** The Service that modules connect to. */
export function databaseHost({ mode, poolers }: Platform['postgres']): string {
  if (mode !== 'cnpg') return databaseName
  return poolers === 0 ? `${clusterName}-rw` : poolerName
}
