import { describe, expect, test } from 'vitest'
import { diagnose } from '../../../scripts/doctor/diagnose.ts'
import type { Facts } from '../../../scripts/doctor/facts.ts'
import { recordedCluster } from '../deploy/recorded.ts'
import {
  answered,
  changed,
  failing,
  faults,
  healthy,
  lost,
  moduleFacts,
  openAt,
  pod,
  seenInside,
} from './fact-sets.ts'

const codes = (facts: Facts): string[] => diagnose(facts).map(({ code }) => code)
const words = (facts: Facts): string =>
  diagnose(facts)
    .flatMap(({ what, evidence, fix }) => [what, ...evidence, ...fix])
    .join('\n')

describe('nothing is wrong', () => {
  test('on a healthy cluster', () => {
    expect(diagnose(healthy)).toEqual([])
  })

  test('where DNS and kube-proxy are no pods that can be seen', () => {
    const { proxyPods: _, ...facts } = healthy
    expect(codes({ ...facts, dns: { ...healthy.dns, pods: [] } })).toEqual([])
  })

  test('where only some modules were deployed', () => {
    const absent = {
      workload: 'absent',
      wanted: 0,
      pods: [],
      readiness: [],
      isServiceThere: false,
    } as const
    expect(codes(changed(healthy, 'llm', absent))).toEqual([])
  })

  test('where this account may list neither Secrets nor Services, and no pod can be asked', () => {
    const { secrets: _, nodePorts: __, inside: ___, ...facts } = healthy
    expect(codes({ ...facts, insideSaid: 'forbidden' })).toEqual([])
  })

  test('with a local DNS cache: pods ask another address and get their answer', () => {
    expect(codes(seenInside(healthy, () => ({ nameServers: ['169.254.20.10'] })))).toEqual([])
  })

  test('while what was made a moment ago is on its way', () => {
    const starting = changed(healthy, 'llm', {
      pods: [pod('llm-1', { isReady: false, ageS: 5 })],
      readiness: [],
    })
    const fresh = pod('postgres-0', { readyForS: 10 })
    const away = faults['Postgres takes no login']?.inject(starting) ?? starting
    const facts = {
      ...away,
      ...(away.postgres && { postgres: { ...away.postgres, pods: [fresh] } }),
    }
    expect(codes(facts)).toEqual([])
    const late = {
      ...facts,
      ...(away.postgres && { postgres: { ...away.postgres, pods: [{ ...fresh, readyForS: 60 }] } }),
    }
    expect(codes(late)).toEqual(['postgres-refusing'])
  })

  test('with a module scaled to none, and one that has restarted once, long ago', () => {
    const asleep = changed(healthy, 'llm', { wanted: 0, pods: [], readiness: [] })
    const restarted = pod('audio-1', { restarts: 1, lastExit: { reason: 'OOMKilled', code: 137 } })
    expect(codes(changed(asleep, 'audio', { pods: [restarted] }))).toEqual([])
  })
})

describe.each(Object.entries(faults))('%s', (_, { code, inject }) => {
  test('is found, and nothing else is', () => {
    expect(codes(inject(healthy))).toEqual([code])
  })

  test('comes with what was seen and what to do', () => {
    for (const { evidence, fix } of diagnose(inject(healthy))) {
      expect(evidence.join('')).not.toBe('')
      expect(fix.join('')).not.toBe('')
      expect([...evidence, ...fix].join(' ')).not.toMatch(/undefined|\[object/)
    }
  })
})

/** What cannot be told while the first is there: its proof goes by names or by Services. */
const hidden: Readonly<Record<string, readonly string[]>> = {
  'dns-dead': ['postgres-refusing'],
  'cluster-ip': ['postgres-refusing'],
  'pods-pending': ['postgres-refusing'],
  'node-pressure': ['postgres-refusing'],
  'postgres-absent': ['postgres-refusing'],
  'secret-missing': ['postgres-refusing'],
  'image-missing': ['postgres-refusing'],
}

const pairs = Object.values(faults).flatMap((first, index) =>
  Object.values(faults)
    .slice(index + 1)
    .map((second) => [first, second] as const),
)

test.each(pairs.map(([first, second]) => [first.code, second.code, first, second] as const))(
  '%s and %s together are both found',
  (one, other, first, second) => {
    const both = [one, other].filter(
      (code) => ![one, other].some((by) => hidden[by]?.includes(code)),
    )
    for (const facts of [
      second.inject(first.inject(healthy)),
      first.inject(second.inject(healthy)),
    ])
      expect(codes(facts).sort()).toEqual(both.sort())
  },
)

describe('the network', () => {
  test('dropped packets between pods hide everything above them', () => {
    const facts = seenInside(healthy, ({ services, backends }) => ({
      dnsByService: { udp: lost, tcp: lost },
      dnsByEndpoint: { '10.244.0.2:53': lost },
      lookUp: failing('EAI_AGAIN'),
      services: services.map((one) => {
        const gone = failing('ETIMEDOUT', '10.0.0.1')
        return { ...one, byService: gone, byEndpoint: one.isPod ? gone : openAt('192.168.49.2') }
      }),
      backends: Object.fromEntries(Object.keys(backends).map((key) => [key, failing('EAI_AGAIN')])),
    }))
    expect(codes(facts)).toEqual(['pod-network'])
    expect(words(facts)).toContain('minikube ssh -- sudo iptables -P FORWARD ACCEPT')
  })

  test('one silent pod among others that answer is forbidden by a policy', () => {
    const facts = seenInside(healthy, ({ services }) => ({
      services: services.map((one) =>
        one.name === 'postgres'
          ? { ...one, byService: failing('ETIMEDOUT', 'x'), byEndpoint: failing('ETIMEDOUT', 'x') }
          : one,
      ),
    }))
    expect(codes(facts)).toEqual(['pod-blocked'])
  })

  test('Services of pods alone that fail mean the bridge, all of them kube-proxy', () => {
    const broken = (all: boolean) =>
      words(
        seenInside(healthy, ({ services }) => ({
          dnsByService: { udp: lost, tcp: lost },
          services: services.map((one) =>
            all || one.isPod ? { ...one, byService: failing('ETIMEDOUT', 'x') } : one,
          ),
        })),
      )
    expect(broken(false)).toContain('modprobe br_netfilter')
    expect(broken(true)).toContain('kube-proxy')
  })

  test('DNS in a loop is told by its log, with the fix of the driver', () => {
    const facts = faults['DNS does not answer']?.inject(healthy) ?? healthy
    const looping = {
      ...facts,
      dns: {
        ...facts.dns,
        log: '[FATAL] plugin/loop: Loop (127.0.0.1:5353) detected for zone "."',
      },
    }
    expect(codes(looping)).toEqual(['dns-dead'])
    expect(words(looping)).toContain('--extra-config=kubelet.resolv-conf=')
    expect(words({ ...looping, cluster: recordedCluster('k3s') })).toContain('--resolv-conf')
  })

  test('one of two name servers that is silent is told as such', () => {
    const facts = seenInside(healthy, () => ({
      dnsByEndpoint: { '10.244.0.2:53': answered, '10.244.0.3:53': lost },
    }))
    expect(codes(facts)).toEqual(['dns-dead'])
    expect(words(facts)).toContain('1 of 2')
  })

  test('DNS whose own log blames the Service of the API is a consequence', () => {
    const facts = faults['Services lead nowhere']?.inject(healthy) ?? healthy
    const starved = {
      ...seenInside(facts, () => ({
        dnsByEndpoint: { '10.244.0.2:53': { isAnswered: false, code: 'RCODE2' } },
      })),
      dns: { ...facts.dns, log: 'dial tcp 10.96.0.1:443: i/o timeout' },
    }
    expect(codes(starved)).toEqual(['cluster-ip'])
  })

  test('DNS over TCP alone, and pods that ask somebody else, are told apart', () => {
    expect(
      codes(seenInside(healthy, () => ({ dnsByService: { udp: lost, tcp: answered } }))),
    ).toEqual(['dns-udp'])
    const elsewhere = seenInside(healthy, () => ({
      nameServers: ['8.8.8.8'],
      lookUp: failing('ENOTFOUND'),
    }))
    expect(codes(elsewhere)).toEqual(['dns-nameserver'])
    expect(words(elsewhere)).toContain('clusterDNS: [10.96.0.10]')
  })

  test('without a pod to ask, only DNS pods that are down are proof', () => {
    const { inside: _, ...facts } = healthy
    const down = {
      ...facts,
      dns: {
        ...healthy.dns,
        pods: [pod('coredns-1', { isReady: false, waiting: 'CrashLoopBackOff' })],
      },
    }
    expect(codes(down)).toEqual(['dns-dead'])
  })
})

describe('a model server', () => {
  const backend = (knock: ReturnType<typeof failing>, more: Partial<Facts> = {}) =>
    ({
      ...seenInside(healthy, () => ({ backends: { 'host.minikube.internal:11434': knock } })),
      ...more,
    }) as const

  test('under the none driver: the name means the pod, and the fix is the address of the node', () => {
    const facts = backend(failing('ECONNREFUSED', '127.0.0.1'), {
      cluster: recordedCluster('minikube-none'),
    })
    expect(codes(facts)).toEqual(['backend-is-pod'])
    expect(words(facts)).toContain('With --driver=none')
    expect(words(facts)).toContain('backend_host: node')
  })

  test('under the none driver is known to be wrong also while no name can be looked up', () => {
    const facts = faults['DNS does not answer']?.inject(healthy) ?? healthy
    expect(codes({ ...facts, cluster: recordedCluster('minikube-none') })).toEqual([
      'dns-dead',
      'backend-is-pod',
    ])
  })

  test('whose name nobody knows', () => {
    const facts = backend(failing('ENOTFOUND'), { cluster: recordedCluster('kind') })
    expect(codes(facts)).toEqual(['backend-name-unknown'])
    expect(words(facts)).toContain('Only minikube knows this name')
  })

  test('that refuses: bound to loopback where this machine shows it, else perhaps not running', () => {
    const refused = failing('ECONNREFUSED', '192.168.49.1')
    expect(words(backend(refused, { loopbackPorts: [11434] }))).toContain(
      'listens on 127.0.0.1 alone',
    )
    expect(words(backend(refused))).toContain('Start it there')
    expect(codes(backend(refused))).toEqual(['backend-refused'])
  })

  test('that is silent is behind a firewall', () => {
    expect(codes(backend(failing('ETIMEDOUT', '192.168.49.1')))).toEqual(['backend-silent'])
  })

  test('by address is to blame also while DNS is dead', () => {
    const host = { host: '10.1.2.3', port: 8000, isBackendHost: true }
    const facts = changed(faults['DNS does not answer']?.inject(healthy) ?? healthy, 'llm', {
      backends: [host],
    })
    const both = seenInside(facts, ({ backends }) => ({
      backends: { ...backends, '10.1.2.3:8000': failing('ECONNREFUSED', '10.1.2.3') },
    }))
    expect(codes(both)).toEqual(['dns-dead', 'backend-refused'])
  })
})

describe('the modules', () => {
  test('nothing there is one finding', () => {
    const none = moduleFacts('llm', { workload: 'absent', isServiceThere: false, pods: [] })
    const { inside: _, postgres: __, ...facts } = healthy
    expect(codes({ ...facts, modules: [none], isNamespaceThere: false })).toEqual(['not-deployed'])
  })

  test('a cluster that does not answer is one finding', () => {
    const { cluster: _, ...facts } = healthy
    expect(codes({ ...facts, apiSaid: 'connection refused', isNamespaceThere: false })).toEqual([
      'api-unreachable',
    ])
  })

  test('a Secret that lacks a key names it', () => {
    const facts = {
      ...healthy,
      secrets: { ...healthy.secrets, 'llm-keys': ['SALT_KEY', 'DATABASE_URL'] },
    }
    expect(codes(facts)).toEqual(['key-missing'])
    expect(words(facts)).toContain('LITELLM_MASTER_KEY')
  })

  test('where Secrets may not be read, the gateway itself says what it waits for', () => {
    const { secrets: _, ...facts } = faults['a module has no Secret']?.inject(healthy) ?? healthy
    expect(codes(facts)).toEqual(['key-missing'])
  })

  test('a gateway that serves and has lost its key is no poisoned document', () => {
    const away = {
      pod: 'llm-1',
      status: 'healthy',
      db: 'connected',
      configRefused: 'LITELLM_MASTER_KEY is not set: set it',
    }
    const facts = changed(healthy, 'llm', { readiness: [away] })
    expect(codes(facts)).toEqual(['key-missing'])
    expect(words(facts)).toContain('within a minute')
    const { 'llm-keys': _, ...secrets } = healthy.secrets ?? {}
    expect(codes({ ...facts, secrets })).toEqual(['secret-missing'])
  })

  test('one that crashes is told from one that needs more memory', () => {
    const crashing = (reason: string) =>
      changed(healthy, 'audio', {
        pods: [
          pod('audio-1', {
            isReady: false,
            waiting: 'CrashLoopBackOff',
            restarts: 4,
            lastExit: { reason, code: 137 },
          }),
        ],
        readiness: [],
      })
    expect(codes(crashing('Error'))).toEqual(['gateway-crashing'])
    expect(words(crashing('OOMKilled'))).toContain('memory: 512Mi')
  })

  test('a volume that nobody provides hides the Postgres that waits for it', () => {
    const unschedulable =
      '0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims.'
    const waiting = pod('postgres-0', { isReady: false, phase: 'Pending', unschedulable })
    const facts: Facts = {
      ...healthy,
      claims: [
        { name: 'data-postgres-0', module: 'postgres', phase: 'Pending', hasDefaultClass: false },
      ],
      ...(healthy.postgres && { postgres: { ...healthy.postgres, pods: [waiting] } }),
    }
    expect(codes(facts)).toEqual(['claim-unbound'])
    expect(words(facts)).toContain('postgres.storage_class')
  })

  test('a data folder with another password is named', () => {
    const rolesLog =
      'roles: The data folder (claim data-postgres-0) was made with another POSTGRES_PASSWORD than …'
    const facts = {
      ...healthy,
      ...(healthy.postgres && { postgres: { ...healthy.postgres, rolesLog } }),
    }
    expect(codes(facts)).toEqual(['postgres-refusing'])
    expect(words(facts)).toContain('POSTGRES_PASSWORD')
  })

  test('pods that the cluster refuses, and an autoscaler without numbers', () => {
    const quota = changed(healthy, 'llm', {
      pods: [],
      readiness: [],
      refused: 'exceeded quota: small',
    })
    expect(codes(quota)).toEqual(['pods-refused'])
    expect(codes(changed(healthy, 'llm', { autoscalerFault: 'unable to get metrics' }))).toEqual([
      'autoscaler-blind',
    ])
  })

  test('a full disk explains pods that wait and pods that were put out', () => {
    const full = faults['the disk of the node is full']?.inject(healthy) ?? healthy
    const unschedulable =
      '0/1 nodes are available: 1 node(s) had untolerated taint {node.kubernetes.io/disk-pressure: }.'
    const waiting = pod('llm-2', { isReady: false, phase: 'Pending', unschedulable })
    const gone = pod('llm-1', { isReady: false, phase: 'Failed', reason: 'Evicted' })
    const facts = changed(full, 'llm', { pods: [waiting, gone], readiness: [] })
    expect(codes(facts)).toEqual(['node-pressure'])
  })
})
