import { containersOf } from './pods.ts'
import type { Container, PodSpec } from './pods.ts'

const allowedVolumes = new Set([
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'persistentVolumeClaim',
  'projected',
  'secret',
])

/** What the `restricted` Pod Security Standard would refuse in a pod, in words. */
export function findUnrestricted(pod: PodSpec): string[] {
  const found = containersOf(pod).flatMap((container) => inContainer(container, pod))
  for (const key of ['hostNetwork', 'hostPID', 'hostIPC'] as const)
    if (pod[key]) found.push(`${key} is on`)
  for (const { name, ...source } of pod.volumes ?? [])
    for (const kind of Object.keys(source))
      if (!allowedVolumes.has(kind)) found.push(`volume ${name} is of kind ${kind}`)
  if ((pod.securityContext?.sysctls ?? []).length > 0) found.push('sysctls are set')
  return found
}

function inContainer(container: Container, pod: PodSpec): string[] {
  const own = container.securityContext ?? {}
  const both = { ...pod.securityContext, ...own }
  const rules: [string, boolean][] = [
    ['is privileged', own.privileged !== true],
    ['may gain privileges', own.allowPrivilegeEscalation === false],
    ['keeps capabilities', own.capabilities?.drop?.includes('ALL') === true],
    [
      'adds capabilities',
      (own.capabilities?.add ?? []).every((name) => name === 'NET_BIND_SERVICE'),
    ],
    ['may run as root', both.runAsNonRoot === true],
    ['runs as root', both.runAsUser !== 0],
    [
      'has no seccomp profile',
      ['RuntimeDefault', 'Localhost'].includes(both.seccompProfile?.type ?? ''),
    ],
    ['has an unusual /proc', (own.procMount ?? 'Default') === 'Default'],
    ['takes a port of the host', (container.ports ?? []).every(({ hostPort }) => !hostPort)],
  ]
  return rules.filter(([, isMet]) => !isMet).map(([fault]) => `${container.name} ${fault}`)
}
