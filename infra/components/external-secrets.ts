import type { Chart } from 'cdk8s'
import type { ApiObject } from 'cdk8s'
import type { Platform } from '../../modules/platform.ts'
import { createCustomObject } from '../custom-object.ts'
import { ownerOf } from '../gateway/gateway.ts'
import type { Gateway } from '../gateway/gateway.ts'
import type { Owner } from '../labels.ts'
import { keysName } from '../names.ts'
import { databaseName, databaseOwner, rolesName } from '../postgres/database.ts'
import type { Resource } from '../resource.ts'
import type { SharedSubject } from '../shared-subject.ts'
import { clusterRoleSecret } from './cnpg-names.ts'
import type { Component } from './component.ts'

/** Secrets that the operator of external-secrets makes from a store. */
export const externalSecrets: Component = {
  name: 'external-secrets',
  isWanted: ({ platform }) => platform.secrets.mode === 'external',
  shared: [ofPostgres(databaseName), ofPostgres(rolesName)],
  ofModule: [
    {
      file: 'keys',
      create: (chart, gateway) => {
        if (gateway.module.deploy.secret !== undefined) return undefined
        const wanted = { name: keysName(gateway.module.name), type: 'Opaque' }
        return create(chart, { owner: ownerOf(gateway), platform: gateway.platform, wanted })
      },
    },
    {
      file: 'role',
      create: (chart, gateway: Gateway) => {
        if (gateway.platform.postgres.mode !== 'cnpg') return undefined
        const name = clusterRoleSecret(gateway.module.name)
        const wanted = { name, type: 'kubernetes.io/basic-auth' }
        return create(chart, {
          owner: databaseOwner(gateway.platform),
          platform: gateway.platform,
          wanted,
        })
      },
    },
  ],
}

/** What the bundled Postgres mounts. */
function ofPostgres(name: string): Resource<SharedSubject> {
  return {
    file: name,
    create: (chart, { platform }) => {
      if (platform.postgres.mode !== 'bundled') return undefined
      const wanted = { name, type: 'Opaque' }
      return create(chart, { owner: databaseOwner(platform), platform, wanted })
    },
  }
}

interface Making {
  readonly owner: Owner
  readonly platform: Platform
  readonly wanted: { readonly name: string; readonly type: string }
}

function create(chart: Chart, { owner, platform, wanted }: Making): ApiObject | undefined {
  const { secrets } = platform
  if (secrets.mode !== 'external') return undefined
  const { name, type } = wanted
  const labels = type === 'Opaque' ? {} : { labels: { 'cnpg.io/reload': 'true' } }
  return createCustomObject(chart, owner, {
    apiVersion: 'external-secrets.io/v1',
    kind: 'ExternalSecret',
    name,
    spec: {
      refreshInterval: secrets.refresh,
      secretStoreRef: { kind: secrets.storeKind, name: secrets.store },
      target: { name, creationPolicy: 'Owner', template: { type, metadata: labels } },
      dataFrom: [{ extract: { key: secrets.path.replaceAll('{name}', name) } }],
    },
  })
}
