import { describe, expect, test } from 'vitest'
import {
  clusterName,
  detectCluster,
  hasImage,
  isNoneDriver,
} from '../../../scripts/deploy/cluster.ts'
import { recordedCluster, recordedFacts } from './recorded.ts'

describe('the kind of cluster is told from what the tools said', () => {
  test.each([
    [
      'minikube-docker',
      { kind: 'minikube', name: 'minikube', driver: 'docker', runtime: 'docker' },
    ],
    ['minikube-kvm2', { kind: 'minikube', name: 'fleet', driver: 'kvm2', runtime: 'containerd' }],
    ['minikube-none', { kind: 'minikube', name: 'minikube', driver: 'none', runtime: 'docker' }],
    ['kind', { kind: 'kind', name: 'dev', runtime: 'containerd' }],
    ['k3d', { kind: 'k3d', name: 'lab' }],
    ['k3s', { kind: 'k3s', runtime: 'containerd' }],
    ['containerd', { kind: 'containerd', socket: '/run/containerd/containerd.sock' }],
    ['remote', { kind: 'remote', runtime: 'containerd' }],
  ])('%s', (name, expected) => {
    expect(recordedCluster(name)).toMatchObject(expected)
  })

  test('the same containerd or k3s on another machine is elsewhere', () => {
    for (const name of ['containerd', 'k3s']) {
      const facts = {
        ...recordedFacts(name),
        hostname: 'other',
        addresses: ['127.0.0.1', '10.9.9.9'],
      }
      expect(detectCluster(facts).kind).toBe('remote')
    }
  })

  test('no nodes, or words that are none, are a cluster elsewhere', () => {
    for (const nodes of [undefined, {}, { items: [] }, { items: 'x' }])
      expect(detectCluster({ nodes, hostname: 'a', addresses: [] }).kind).toBe('remote')
  })

  test('only minikube on this very machine is the none driver, also where minikube does not say', () => {
    expect(isNoneDriver(recordedCluster('minikube-none'))).toBe(true)
    const { minikubeProfiles: _, ...silent } = recordedFacts('minikube-none')
    expect(isNoneDriver(detectCluster(silent))).toBe(true)
    for (const name of ['minikube-docker', 'minikube-kvm2', 'k3s', 'kind'])
      expect(isNoneDriver(recordedCluster(name))).toBe(false)
  })

  test('people read its name, driver and number of nodes', () => {
    expect(clusterName(recordedCluster('minikube-kvm2'))).toBe(
      'minikube (profile fleet, driver kvm2), 1 node',
    )
    expect(clusterName(recordedCluster('kind'))).toBe('kind (cluster dev), 2 nodes')
  })
})

describe('an image is there', () => {
  test('when every node names it, under whatever name its runtime gives it', () => {
    const cluster = recordedCluster('containerd')
    expect(hasImage(cluster, 'colonnade-gateway:0a1b2c3d4e5f')).toBe(true)
    expect(hasImage(cluster, 'colonnade-gateway:other')).toBe(false)
  })

  test('not when one of two nodes lacks it', () => {
    const { nodes, ...cluster } = recordedCluster('kind')
    const some = nodes.map((node, index) => ({ ...node, images: index === 0 ? ['a:1'] : [] }))
    expect(hasImage({ ...cluster, nodes: some }, 'a:1')).toBe(false)
  })
})
