import type { Platform } from '../../modules/platform.ts'
import type { Owner } from '../labels.ts'

/** The user of the official image. */
export const databaseUser = 999

export const databasePort = { name: 'postgres', number: 5432 } as const

/** Service, workload and Secret of the bundled Postgres. */
export const databaseName = 'postgres'

/** The Secret whose keys are roles and whose values are their passwords. */
export const rolesName = 'postgres-roles'

export const scriptsName = 'postgres-scripts'

/** Of each module; `maxConnections` has room for six that use all of theirs. */
export const connectionsPerRole = 50
export const maxConnections = 310

export function databaseOwner(platform: Platform): Owner {
  return { module: databaseName, component: 'database', namespace: platform.namespace }
}
