import type { DnsAnswer } from '../../gateway/doctor/ask-dns.ts'
import type { Knock } from '../../gateway/doctor/knock.ts'
import type { Cluster } from '../deploy/cluster.ts'

/** All that is known of a cluster and what runs on it. What could not be seen is undefined, and says nothing. */
export interface Facts {
  readonly namespace: string
  /** Absent: the API does not answer, and `apiSaid` says how. */
  readonly cluster?: Cluster
  readonly apiSaid?: string
  readonly nodes: readonly NodeFacts[]
  readonly isNamespaceThere: boolean
  readonly dns: DnsFacts
  /** Pods of kube-proxy; undefined: not visible here. */
  readonly proxyPods?: readonly PodFacts[]
  readonly modules: readonly ModuleFacts[]
  /** Absent: Postgres is not ours to run. */
  readonly postgres?: PostgresFacts
  readonly claims: readonly ClaimFacts[]
  /** Absent: may not be read. Never a value: the names of those keys that hold something. */
  readonly secrets?: Readonly<Record<string, readonly string[]>>
  /** Every node port of the cluster; undefined: may not be read. */
  readonly nodePorts?: readonly { readonly port: number; readonly service: string }[]
  /** Absent: no pod could be asked, and `insideSaid` says why. */
  readonly inside?: InsideFacts
  readonly insideSaid?: string
  /** What answers on 127.0.0.1 of the node, where this runs on it. */
  readonly loopbackPorts?: readonly number[]
}

export interface NodeFacts {
  readonly name: string
  readonly isReady: boolean
  /** Why it is not, in the kubelet's words. */
  readonly notReadyBecause?: string
  /** `DiskPressure`, `MemoryPressure`, `PIDPressure`, `NetworkUnavailable` */
  readonly pressures: readonly string[]
  /** Of those that keep pods away: `node.kubernetes.io/disk-pressure`. */
  readonly taints: readonly string[]
}

export interface PodFacts {
  readonly name: string
  readonly ip?: string
  readonly phase: string
  readonly isReady: boolean
  readonly restarts: number
  /** `CrashLoopBackOff`, `ImagePullBackOff`, `CreateContainerConfigError`, … */
  readonly waiting?: string
  readonly waitingMessage?: string
  readonly image?: string
  /** Of the end before this start. */
  readonly lastExit?: { readonly reason: string; readonly code: number }
  /** Why no node takes it. */
  readonly unschedulable?: string
  /** `Evicted` */
  readonly reason?: string
  /** Since it was made. */
  readonly ageS?: number
  /** Since it became ready. */
  readonly readyForS?: number
  /** What the kubelet could not mount. */
  readonly mountFault?: string
}

export interface DnsFacts {
  readonly clusterIp?: string
  readonly endpoints: readonly { readonly ip: string; readonly port: number }[]
  /** Empty: there are none to be seen, which is no fault: some clusters run it elsewhere. */
  readonly pods: readonly PodFacts[]
  readonly log: string
}

export interface ModuleFacts {
  readonly name: string
  readonly nodePort: number
  readonly workload: 'there' | 'absent'
  /** Set to none by hand or by an autoscaler that scales to zero. */
  readonly wanted: number
  readonly image?: string
  /** Why pods are not even made: quota, Pod Security. */
  readonly refused?: string
  readonly pods: readonly PodFacts[]
  readonly servicePort?: number
  readonly isServiceThere: boolean
  /** The Secret it mounts, and what must be in it. */
  readonly secret?: { readonly name: string; readonly keys: readonly string[] }
  /** Of `/health/readiness`, of every pod that could be asked. */
  readonly readiness: readonly ReadinessFacts[]
  /** Why the autoscaler cannot tell. */
  readonly autoscalerFault?: string
  readonly backends: readonly BackendFacts[]
}

export interface ReadinessFacts {
  readonly pod: string
  readonly status: string
  readonly db?: string
  readonly dbCause?: string
  readonly dbHint?: string
  /** Why it is not ready. */
  readonly reason?: string
  /** Why it serves an older document than the newest. */
  readonly configRefused?: string
}

export interface BackendFacts {
  readonly host: string
  readonly port: number
  /** It stands in the file as BACKEND_HOST. */
  readonly isBackendHost: boolean
}

export interface PostgresFacts {
  readonly pods: readonly PodFacts[]
  readonly isWorkloadThere: boolean
  readonly wanted: number
  /** What the container that keeps the roles said last. */
  readonly rolesLog: string
  readonly secret?: { readonly name: string; readonly keys: readonly string[] }
}

export interface ClaimFacts {
  readonly name: string
  readonly module: string
  readonly phase: string
  readonly storageClass?: string
  /** The last thing said about it. */
  readonly event?: string
  /** Whether any class of the cluster is the default; undefined: may not be read. */
  readonly hasDefaultClass?: boolean
}

/** What a pod could reach: each with what it was meant to be. */
export interface InsideFacts {
  readonly from: string
  readonly nameServers: readonly string[]
  /** The cluster's DNS by its Service, and each server behind it. */
  readonly dnsByService: { readonly udp?: DnsAnswer; readonly tcp?: DnsAnswer }
  readonly dnsByEndpoint: Readonly<Record<string, DnsAnswer>>
  /** A short name of the cluster, as any program there would look it up. */
  readonly lookUp?: Knock
  /** By Service and by what is behind it: `kubernetes`, `postgres`, `llm`. */
  readonly services: readonly ServicePair[]
  /** By `host:port`. */
  readonly backends: Readonly<Record<string, Knock>>
}

export interface ServicePair {
  readonly name: string
  /** What is behind it is a pod, not a process of the node. */
  readonly isPod: boolean
  readonly byService?: Knock
  readonly byEndpoint?: Knock
}

/** Something that is wrong, how it is seen, and how it is mended. */
export interface Finding {
  readonly code: string
  readonly what: string
  readonly evidence: readonly string[]
  readonly fix: readonly string[]
}
