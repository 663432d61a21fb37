import { k8s } from 'cdk8s-plus-28'
import type { Platform } from '../../modules/platform.ts'
import { labelsOf, metadataOf, selectorOf } from '../labels.ts'
import { placementOf } from '../placement.ts'
import { restrictedContainer, restrictedPod } from '../pod-security.ts'
import { emptyFolder, quantities } from '../quantities.ts'
import type { Resource } from '../resource.ts'
import {
  connectionsPerRole,
  databaseName,
  databaseOwner,
  databasePort,
  databaseUser,
  maxConnections,
  rolesName,
  scriptsName,
} from './database.ts'
import { scriptsHash } from './scripts.ts'

const dataFolder = '/var/lib/postgresql/data'
const passwordFolder = '/etc/colonnade/postgres'

/** Postgres with its volume, and beside it what keeps a role for each module. */
export const statefulSet: Resource<Platform> = {
  file: 'postgres-statefulset',
  create: (chart, platform) => {
    const owner = databaseOwner(platform)
    return new k8s.KubeStatefulSet(chart, 'statefulset', {
      metadata: metadataOf(owner, databaseName),
      spec: {
        serviceName: `${databaseName}-headless`,
        replicas: 1,
        revisionHistoryLimit: 3,
        selector: { matchLabels: selectorOf(owner) },
        template: {
          metadata: {
            labels: labelsOf(owner),
            annotations: { 'colonnade/scripts-hash': scriptsHash },
          },
          spec: podOf(platform),
        },
        volumeClaimTemplates: [claimOf(platform)],
      },
    })
  },
}

function podOf(platform: Platform): k8s.PodSpec {
  return {
    serviceAccountName: databaseName,
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    terminationGracePeriodSeconds: 120,
    securityContext: restrictedPod(databaseUser),
    ...placementOf(platform),
    containers: [serverOf(platform), roleMakerOf(platform)],
    volumes: [
      { name: 'password', secret: { secretName: databaseName, defaultMode: 0o440 } },
      { name: 'roles', secret: { secretName: rolesName, optional: true, defaultMode: 0o440 } },
      { name: 'scripts', configMap: { name: scriptsName } },
      emptyFolder('run', '16Mi'),
      emptyFolder('tmp', '256Mi'),
      emptyFolder('shared-memory', '256Mi', 'Memory'),
    ],
  }
}

function serverOf({ postgres }: Platform): k8s.Container {
  return {
    name: 'postgres',
    image: postgres.image,
    imagePullPolicy: 'IfNotPresent',
    args: ['postgres', '-c', `max_connections=${maxConnections}`],
    env: [
      // Below the mount, which may hold a lost+found that initdb refuses.
      { name: 'PGDATA', value: `${dataFolder}/pgdata` },
      { name: 'POSTGRES_PASSWORD_FILE', value: `${passwordFolder}/POSTGRES_PASSWORD` },
      // A password over TCP even from the pod itself, which is where a port-forward comes from.
      { name: 'POSTGRES_INITDB_ARGS', value: '--auth-host=scram-sha-256' },
    ],
    ports: [{ name: databasePort.name, containerPort: databasePort.number, protocol: 'TCP' }],
    resources: {
      requests: quantities({ cpu: '100m', memory: '256Mi', 'ephemeral-storage': '64Mi' }),
      limits: quantities({ cpu: '4', memory: '1Gi', 'ephemeral-storage': '1Gi' }),
    },
    securityContext: restrictedContainer(databaseUser),
    startupProbe: askIsReady({ failureThreshold: 150, periodSeconds: 2 }),
    readinessProbe: askIsReady({ failureThreshold: 2, periodSeconds: 5 }),
    livenessProbe: askIsAlive({ failureThreshold: 6, periodSeconds: 10 }),
    lifecycle: { preStop: { exec: { command: ['sh', '-c', endNow] } } },
    volumeMounts: [
      { name: 'data', mountPath: dataFolder },
      { name: 'password', mountPath: passwordFolder, readOnly: true },
      { name: 'run', mountPath: '/var/run/postgresql' },
      { name: 'tmp', mountPath: '/tmp' },
      { name: 'shared-memory', mountPath: '/dev/shm' },
    ],
  }
}

function roleMakerOf({ postgres }: Platform): k8s.Container {
  return {
    name: 'roles',
    image: postgres.image,
    imagePullPolicy: 'IfNotPresent',
    command: ['sh', '/etc/colonnade/scripts/roles.sh'],
    env: [{ name: 'CONNECTION_LIMIT', value: String(connectionsPerRole) }],
    resources: {
      requests: quantities({ cpu: '10m', memory: '16Mi', 'ephemeral-storage': '16Mi' }),
      limits: quantities({ cpu: '500m', memory: '64Mi', 'ephemeral-storage': '64Mi' }),
    },
    securityContext: restrictedContainer(databaseUser),
    // Not whether the roles are there: a Postgres that refuses a new password still serves with the old ones.
    readinessProbe: ask(['test', '-e', keeperSign], { failureThreshold: 3, periodSeconds: 10 }),
    livenessProbe: ask(['sh', '-c', keeperLooked], { failureThreshold: 2, periodSeconds: 60 }),
    volumeMounts: [
      { name: 'password', mountPath: passwordFolder, readOnly: true },
      { name: 'roles', mountPath: '/etc/colonnade/roles', readOnly: true },
      { name: 'scripts', mountPath: '/etc/colonnade/scripts', readOnly: true },
      { name: 'run', mountPath: '/var/run/postgresql' },
    ],
  }
}

function claimOf({ postgres }: Platform): k8s.KubePersistentVolumeClaimProps {
  return {
    metadata: { name: 'data' },
    spec: {
      accessModes: ['ReadWriteOnce'],
      resources: { requests: quantities({ storage: postgres.storage }) },
      ...(postgres.storageClass === undefined ? {} : { storageClassName: postgres.storageClass }),
    },
  }
}

interface Times {
  readonly failureThreshold: number
  readonly periodSeconds: number
}

// Over TCP, because the server that initdb starts for itself listens on the socket alone.
const isReady = 'pg_isready --quiet --host 127.0.0.1 --username postgres'

// Asked to end politely it waits for every connection to go, and gateways keep theirs. Not every image asks as it should.
const endNow = 'kill -INT 1'

// As roles.sh leaves it at every look.
const keeperSign = '/var/run/postgresql/roles-looked'

/** One that hangs in a statement is begun anew. */
const keeperLooked = `test -n "$(find ${keeperSign} -mmin -5)"`

function ask(command: string[], times: Times): k8s.Probe {
  return { exec: { command }, timeoutSeconds: 3, ...times }
}

function askIsReady(times: Times): k8s.Probe {
  return ask(['sh', '-c', isReady], times)
}

/** A server that refuses connections because it recovers is alive (1); one that does not answer is not (2). */
function askIsAlive(times: Times): k8s.Probe {
  return ask(['sh', '-c', `${isReady}; test $? -le 1`], times)
}
