import type { Examination } from '../../gateway/doctor.ts'
import type { DnsQuestion, Door, Question } from '../../gateway/doctor/question.ts'
import { listAt, numberAt, textAt, textsAt } from '../deploy/read-json.ts'
import { addressOf } from './backends.ts'
import type { DnsFacts, InsideFacts, ModuleFacts, PodFacts, PostgresFacts } from './facts.ts'
import type { Objects } from './read-modules.ts'
import { find } from './read-modules.ts'

/** What the addresses to ask come from. */
export interface InsideReading {
  /** The pod that asks; a Service may lead a pod back to itself, which not every network can. */
  readonly from: string
  readonly dns: DnsFacts
  readonly modules: readonly ModuleFacts[]
  readonly postgres?: PostgresFacts
  readonly objects: Objects
  readonly apiService: unknown
  readonly apiSlices: unknown
}

interface Target {
  readonly name: string
  readonly isPod: boolean
  readonly service?: Place
  readonly endpoint?: Place
}

interface Place {
  readonly host: string
  readonly port: number
}

const timeoutMs = 3000

/** The addresses to ask from inside, with ids that `readExamination` finds again. */
export function insideQuestion(reading: InsideReading): Question {
  const { dns, modules } = reading
  const targets = targetsOf(reading)
  const name = 'kubernetes.default.svc.cluster.local'
  const service = dns.clusterIp
  const ask: DnsQuestion[] = [
    ...(service === undefined
      ? []
      : (['udp', 'tcp'] as const).map((transport) => ({
          id: transport,
          server: service,
          port: 53,
          transport,
          name,
        }))),
    ...dns.endpoints.map(({ ip, port }) => ({
      id: `${ip}:${port}`,
      server: ip,
      port,
      transport: 'udp' as const,
      name,
    })),
  ]
  const reach: Door[] = [
    ...(usesOtherDns(reading) ? [] : [{ id: 'look-up', host: 'kubernetes.default', port: 443 }]),
    ...targets.flatMap((one) => [
      ...(one.service ? [{ id: `service ${one.name}`, ...one.service }] : []),
      ...(one.endpoint ? [{ id: `endpoint ${one.name}`, ...one.endpoint }] : []),
    ]),
    ...modules.flatMap(({ backends }) =>
      backends.map(({ host, port }) => ({
        id: `backend ${addressOf({ host, port })}`,
        host,
        port,
      })),
    ),
  ]
  return { timeoutMs, ask: distinct(ask), reach: distinct(reach) }
}

/** What the pod found, as the rules want it. */
export function readExamination(examination: Examination, reading: InsideReading): InsideFacts {
  const { asked, reached, nameServers } = examination
  const { udp, tcp, ...byEndpoint } = asked
  const lookUp = reached['look-up']
  return {
    from: reading.from,
    nameServers,
    dnsByService: { ...(udp && { udp }), ...(tcp && { tcp }) },
    dnsByEndpoint: byEndpoint,
    ...(lookUp && { lookUp }),
    services: targetsOf(reading).map(({ name, isPod }) => {
      const byService = reached[`service ${name}`]
      const byEndpointOfIt = reached[`endpoint ${name}`]
      return {
        name,
        isPod,
        ...(byService && { byService }),
        ...(byEndpointOfIt && { byEndpoint: byEndpointOfIt }),
      }
    }),
    backends: Object.fromEntries(
      Object.entries(reached).flatMap(([id, knock]) =>
        id.startsWith('backend ') ? [[id.slice('backend '.length), knock]] : [],
      ),
    ),
  }
}

/** A pod that is told to ask the node's name servers, as overlays/hostnetwork has them, knows no name of the cluster. */
function usesOtherDns({ objects, from }: InsideReading): boolean {
  const policy = textAt(find(objects, 'Pod', from), 'spec', 'dnsPolicy')
  return policy === 'Default' || policy === 'None'
}

function targetsOf({
  from,
  modules,
  postgres,
  objects,
  apiService,
  apiSlices,
}: InsideReading): Target[] {
  const slice = listAt(apiSlices, 'items').find((one) => listAt(one, 'endpoints').length > 0)
  const apiHost = textAt(slice, 'endpoints', 0, 'addresses', 0)
  const apiPort = numberAt(slice, 'ports', 0, 'port')
  const api: Target = {
    name: 'kubernetes',
    isPod: false,
    ...placed('service', serviceOf(apiService)),
    ...(apiHost !== undefined &&
      apiPort !== undefined && { endpoint: { host: apiHost, port: apiPort } }),
  }
  const gateways = modules
    .filter(({ pods }) => pods.every((pod) => pod.name !== from))
    .map(({ name, pods }) =>
      target(name, { objects, service: `${name}-gateway`, pods, module: name }),
    )
  const database =
    postgres &&
    target('postgres', { objects, service: 'postgres', pods: postgres.pods, module: 'postgres' })
  return [api, ...(database ? [database] : []), ...gateways].filter(
    ({ service, endpoint }) => service !== undefined || endpoint !== undefined,
  )
}

interface Seen {
  readonly objects: Objects
  readonly service: string
  readonly pods: readonly PodFacts[]
  readonly module: string
}

/** Only what is ready can be asked: a Service leads to nothing else. */
function target(name: string, { objects, service, pods, module }: Seen): Target {
  const pod = pods.find(({ isReady, ip }) => isReady && ip !== undefined)
  if (pod?.ip === undefined) return { name, isPod: true }
  const port = portOf(objects, pod.name) ?? (module === 'postgres' ? 5432 : 4000)
  return {
    name,
    isPod: true,
    ...placed('service', serviceOf(find(objects, 'Service', service))),
    endpoint: { host: pod.ip, port },
  }
}

/** The first port of its first container. */
export function portOf(objects: Objects, pod: string): number | undefined {
  return numberAt(find(objects, 'Pod', pod), 'spec', 'containers', 0, 'ports', 0, 'containerPort')
}

function serviceOf(service: unknown): Place | undefined {
  const host = textAt(service, 'spec', 'clusterIP')
  const port = numberAt(service, 'spec', 'ports', 0, 'port')
  return host === undefined || host === 'None' || port === undefined ? undefined : { host, port }
}

function placed(name: 'service', place: Place | undefined): { readonly service?: Place } {
  return place === undefined ? {} : { [name]: place }
}

function distinct<T extends { readonly id: string }>(list: readonly T[]): T[] {
  return [...new Map(list.map((one) => [one.id, one])).values()]
}

/** The cluster's DNS: its Service, and each server behind it, ready or not. */
export function readDns(
  { services, slices, pods }: { services: unknown; slices: unknown; pods: readonly PodFacts[] },
  log: string,
): DnsFacts {
  const service = listAt(services, 'items').find(isDnsService)
  const clusterIp = serviceOf(service)?.host
  const endpoints = listAt(slices, 'items').flatMap((slice) => {
    const udp = listAt(slice, 'ports').find((one) => (textAt(one, 'protocol') ?? 'TCP') === 'UDP')
    const port = numberAt(udp, 'port')
    if (port === undefined) return []
    return listAt(slice, 'endpoints').flatMap((one) => {
      const ip = textAt(one, 'addresses', 0)
      return ip === undefined ? [] : [{ ip, port }]
    })
  })
  return { endpoints, pods, log, ...(clusterIp !== undefined && { clusterIp }) }
}

function isDnsService(service: unknown): boolean {
  return (
    textAt(service, 'metadata', 'namespace') === 'kube-system' &&
    (textsAt(service, 'metadata', 'labels')['k8s-app'] === 'kube-dns' ||
      textAt(service, 'metadata', 'name') === 'kube-dns')
  )
}
