import type { Manifest } from './fleet-folder.ts'

/** The parts of a pod that tests look at. */
export interface PodTemplate {
  readonly metadata: { readonly labels: Record<string, string> }
  readonly spec: PodSpec
}

export interface PodSpec {
  readonly securityContext?: SecurityContext
  readonly containers: Container[]
  readonly initContainers?: Container[]
  readonly volumes?: Volume[]
  readonly serviceAccountName?: string
  readonly hostNetwork?: boolean
  readonly hostPID?: boolean
  readonly hostIPC?: boolean
  readonly enableServiceLinks?: boolean
  readonly automountServiceAccountToken?: boolean
  readonly terminationGracePeriodSeconds?: number
}

export interface Container {
  readonly name: string
  readonly image: string
  readonly command?: string[]
  readonly args?: string[]
  readonly imagePullPolicy?: string
  readonly securityContext?: SecurityContext
  readonly ports?: { name: string; containerPort: number; hostPort?: number }[]
  readonly env?: { name: string; value?: string; valueFrom?: unknown }[]
  readonly volumeMounts?: { name: string; mountPath: string; subPath?: string }[]
  readonly resources?: Record<'requests' | 'limits', Record<string, string>>
  readonly startupProbe?: Probe
  readonly readinessProbe?: Probe
  readonly livenessProbe?: Probe
}

interface Probe {
  readonly httpGet?: { path: string; port: string | number }
  readonly failureThreshold?: number
  readonly periodSeconds?: number
}

interface SecurityContext {
  readonly runAsNonRoot?: boolean
  readonly runAsUser?: number
  readonly allowPrivilegeEscalation?: boolean
  readonly privileged?: boolean
  readonly readOnlyRootFilesystem?: boolean
  readonly capabilities?: { drop?: string[]; add?: string[] }
  readonly seccompProfile?: { type: string }
  readonly procMount?: string
  readonly sysctls?: { name: string }[]
}

interface Volume {
  readonly name: string
  readonly configMap?: { name: string; optional?: boolean }
  readonly secret?: { secretName: string; optional?: boolean }
  readonly projected?: { sources: { secret?: { name: string } }[] }
  readonly persistentVolumeClaim?: { claimName: string }
  readonly [kind: string]: unknown
}

/** The pod of a workload; undefined for other kinds. */
export function podOf({ spec }: Manifest): PodTemplate | undefined {
  const { template } = spec
  return isTemplate(template) ? template : undefined
}

export function containersOf({ containers, initContainers = [] }: PodSpec): Container[] {
  return [...containers, ...initContainers]
}

function isTemplate(value: unknown): value is PodTemplate {
  return typeof value === 'object' && value !== null && 'spec' in value && 'metadata' in value
}
