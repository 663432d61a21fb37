import { createCustomObject } from '../custom-object.ts'
import { connectionsPerRole, databaseOwner, maxConnections } from '../postgres/database.ts'
import type { Resource } from '../resource.ts'
import type { SharedSubject } from '../shared-subject.ts'
import { clusterName, clusterRoleSecret, poolerName } from './cnpg-names.ts'
import type { Component } from './component.ts'

const apiVersion = 'postgresql.cnpg.io/v1'
const database = 'colonnade'

/**
 * What a new database is given. Every module works as the owner, so that what one of them makes belongs to all;
 * the operator's own user, which comes into the database too, stays what it is.
 */
export const ownerStatements = [
  `ALTER DATABASE ${database} SET role = '${database}'`,
  `ALTER ROLE postgres IN DATABASE ${database} SET role = 'none'`,
] as const

/** Servers with a role for each module, kept by the operator of CloudNativePG. */
const cluster: Resource<SharedSubject> = {
  file: 'cluster',
  create: (chart, { platform, modules }) => {
    const { instances, clusterImage, storage, storageClass } = platform.postgres
    const { nodeSelector, tolerations, imagePullSecrets } = platform
    const hasPlace = Object.keys(nodeSelector).length > 0 || tolerations.length > 0
    return createCustomObject(chart, databaseOwner(platform), {
      apiVersion,
      kind: 'Cluster',
      name: clusterName,
      spec: {
        instances,
        imageName: clusterImage,
        ...(imagePullSecrets.length === 0
          ? {}
          : { imagePullSecrets: imagePullSecrets.map((name) => ({ name })) }),
        storage: { size: storage, storageClass },
        resources: { requests: { cpu: '100m', memory: '256Mi' }, limits: { memory: '1Gi' } },
        ...(hasPlace ? { affinity: { nodeSelector, tolerations } } : {}),
        postgresql: {
          parameters: { max_connections: String(Math.max(maxConnections, mostOf(modules.length))) },
        },
        bootstrap: {
          initdb: { database, owner: database, postInitApplicationSQL: [...ownerStatements] },
        },
        managed: {
          roles: modules.map(({ name }) => ({
            name,
            ensure: 'present',
            login: true,
            inherit: true,
            inRoles: [database],
            connectionLimit: connectionsPerRole,
            passwordSecret: { name: clusterRoleSecret(name) },
          })),
        },
      },
    })
  },
}

/** Room for every module to use all of its connections, and for the operator. */
function mostOf(modules: number): number {
  return modules * connectionsPerRole + 10
}

/** PgBouncer before the server that writes. Modules need no session: they look instead of listening. */
const pooler: Resource<SharedSubject> = {
  file: 'pooler',
  create: (chart, { platform }) => {
    const { poolers } = platform.postgres
    if (poolers === 0) return undefined
    return createCustomObject(chart, databaseOwner(platform), {
      apiVersion,
      kind: 'Pooler',
      name: poolerName,
      spec: {
        cluster: { name: clusterName },
        type: 'rw',
        instances: poolers,
        pgbouncer: {
          poolMode: 'transaction',
          parameters: {
            max_client_conn: '1000',
            default_pool_size: '20',
            max_prepared_statements: '200',
          },
        },
      },
    })
  },
}

/** Postgres by CloudNativePG. */
export const cnpg: Component = {
  name: 'cnpg',
  isWanted: ({ platform }) => platform.postgres.mode === 'cnpg',
  shared: [cluster, pooler],
}
