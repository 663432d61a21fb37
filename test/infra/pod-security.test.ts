import { describe, expect, test } from 'vitest'
import { fleets } from './fleet-folder.ts'
import { findUnrestricted } from './pod-security-rules.ts'
import { containersOf, podOf } from './pods.ts'
import type { PodSpec } from './pods.ts'

describe.each(fleets)('%s', (_, read) => {
  const objects = read()

  test('is admitted at the restricted level', () => {
    const pods = objects.flatMap((object) => podOf(object) ?? [])
    expect(pods.length).toBeGreaterThan(0)
    expect(pods.flatMap(({ spec }) => findUnrestricted(spec))).toEqual([])
  })

  test('writes no root file system, and names its users by number', () => {
    for (const object of objects) {
      const pod = podOf(object)?.spec
      if (pod === undefined) continue
      const user = object.metadata.labels['module'] === 'postgres' ? 999 : 10_000
      expect(pod.securityContext?.runAsUser).toBeGreaterThanOrEqual(user)
      for (const { securityContext } of containersOf(pod)) {
        expect(securityContext?.readOnlyRootFilesystem).toBe(true)
        expect(securityContext?.runAsUser).toBe(pod.securityContext?.runAsUser)
      }
    }
  })
})

test('the rules see what is not restricted', () => {
  const pod: PodSpec = {
    hostNetwork: true,
    containers: [
      { name: 'bare', image: 'x', ports: [{ name: 'a', containerPort: 1, hostPort: 1 }] },
    ],
    volumes: [{ name: 'host', hostPath: { path: '/' } }],
  }
  expect(findUnrestricted(pod)).toEqual([
    'bare may gain privileges',
    'bare keeps capabilities',
    'bare may run as root',
    'bare has no seccomp profile',
    'bare takes a port of the host',
    'hostNetwork is on',
    'volume host is of kind hostPath',
  ])
})
