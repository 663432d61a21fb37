import { describe, expect, test } from 'vitest'
import { readClaims, readNodes, readPod } from '../../../scripts/doctor/read-pods.ts'
import { recordedFacts } from '../deploy/recorded.ts'

describe('a node', () => {
  test('that is well says nothing else', () => {
    expect(readNodes(recordedFacts('minikube-docker').nodes)).toMatchObject([
      { name: 'minikube', isReady: true, pressures: [], taints: [] },
    ])
  })

  test('under pressure is told by conditions and by marks of the kubelet, not by those of people', () => {
    const taints = [
      { key: 'node.kubernetes.io/disk-pressure', effect: 'NoSchedule' },
      { key: 'node-role.kubernetes.io/control-plane', effect: 'NoSchedule' },
      { key: 'team', effect: 'NoSchedule' },
    ]
    const conditions = [
      { type: 'Ready', status: 'True' },
      { type: 'DiskPressure', status: 'True' },
      { type: 'MemoryPressure', status: 'False' },
    ]
    expect(
      readNodes({ items: [{ metadata: { name: 'a' }, spec: { taints }, status: { conditions } }] }),
    ).toEqual([
      {
        name: 'a',
        isReady: true,
        pressures: ['DiskPressure'],
        taints: ['node.kubernetes.io/disk-pressure'],
      },
    ])
  })
})

describe('a pod', () => {
  const name = 'postgres-0'

  test('that waits for a volume has the last words said of it', () => {
    const event = (lastTimestamp: string, message: string) => ({
      involvedObject: { name },
      reason: 'FailedMount',
      lastTimestamp,
      message,
    })
    const pod = {
      metadata: { name },
      status: {
        phase: 'Pending',
        containerStatuses: [{ state: { waiting: { reason: 'ContainerCreating' } } }],
      },
    }
    const facts = readPod(pod, [
      event('2026-01-01T00:00:02Z', 'secret "postgres" not found'),
      event('2026-01-01T00:00:01Z', 'older'),
    ])
    expect(facts).toMatchObject({ isReady: false, mountFault: 'secret "postgres" not found' })
    expect(facts.waiting).toBeUndefined()
  })

  test('of which one container fails is told by that container', () => {
    const containerStatuses = [
      { image: 'a', restartCount: 0, state: { running: {} } },
      {
        image: 'b',
        restartCount: 7,
        state: { waiting: { reason: 'CrashLoopBackOff' } },
        lastState: { terminated: { reason: 'OOMKilled', exitCode: 137 } },
      },
    ]
    expect(
      readPod({ metadata: { name }, status: { phase: 'Running', containerStatuses } }),
    ).toMatchObject({
      image: 'b',
      restarts: 7,
      waiting: 'CrashLoopBackOff',
      lastExit: { reason: 'OOMKilled', code: 137 },
    })
  })

  test('that no node takes says why', () => {
    const conditions = [
      {
        type: 'PodScheduled',
        status: 'False',
        message: '0/1 nodes are available: 1 Insufficient cpu.',
      },
    ]
    expect(
      readPod({ metadata: { name }, status: { phase: 'Pending', conditions } }).unschedulable,
    ).toContain('Insufficient cpu')
  })
})

test('a claim comes with its owner, its class, and what was said of it', () => {
  const claim = {
    metadata: { name: 'data-postgres-0', labels: { module: 'postgres' } },
    spec: {},
    status: { phase: 'Pending' },
  }
  const events = [
    { involvedObject: { name: 'data-postgres-0' }, message: 'no persistent volumes available' },
  ]
  expect(readClaims([claim], events, false)).toEqual([
    {
      name: 'data-postgres-0',
      module: 'postgres',
      phase: 'Pending',
      event: 'no persistent volumes available',
      hasDefaultClass: false,
    },
  ])
})
