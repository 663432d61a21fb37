import { k8s } from 'cdk8s-plus-28'
import type { PlatformIngress } from '../../modules/platform.ts'
import type { FleetModule } from '../fleet.ts'
import { addOn, proxyName, scalesFromZero } from '../components/interceptor.ts'
import { httpPort, ownerOf } from '../gateway/gateway.ts'
import type { Gateway } from '../gateway/gateway.ts'
import { metadataOf } from '../labels.ts'
import { gatewayName } from '../names.ts'
import { sharedOwner } from '../namespace.ts'
import type { Resource } from '../resource.ts'
import type { SharedSubject } from '../shared-subject.ts'
import { addressOf } from './address.ts'

/** One host with a path for each module. One object, because a certificate has one owner. */
export const sharedIngress: Resource<SharedSubject> = {
  file: 'ingress',
  create: (chart, { platform, modules }) => {
    const { ingress } = platform
    if (ingress?.routing !== 'path' || modules.length === 0) return undefined
    return new k8s.KubeIngress(chart, 'ingress', {
      metadata: {
        ...metadataOf(sharedOwner(platform), 'gateways'),
        annotations: annotationsOf(ingress),
      },
      spec: {
        ...classOf(ingress),
        ...tlsOf(ingress, ingress.host, ''),
        rules: [
          { host: ingress.host, http: { paths: modules.map((module) => path(module, ingress)) } },
        ],
      },
    })
  },
}

/** A host for this module. */
export const moduleIngress: Resource<Gateway> = {
  file: 'ingress',
  create: (chart, gateway) => {
    const { ingress } = gateway.platform
    if (ingress?.routing !== 'host') return undefined
    const { name } = gateway.module
    const { host = '' } = addressOf(name, ingress)
    return new k8s.KubeIngress(chart, 'ingress', {
      metadata: {
        ...metadataOf(ownerOf(gateway), gatewayName(name)),
        annotations: annotationsOf(ingress),
      },
      spec: {
        ...classOf(ingress),
        ...tlsOf(ingress, host, `${name}-`),
        rules: [{ host, http: { paths: [path(gateway.module, ingress)] } }],
      },
    })
  },
}

function path(module: FleetModule, ingress: PlatformIngress): k8s.HttpIngressPath {
  return {
    path: addressOf(module.name, ingress).path,
    pathType: 'Prefix',
    backend: { service: backendOf(module) },
  }
}

/** The module, or the add-on that wakes it. */
function backendOf(module: FleetModule): k8s.IngressServiceBackend {
  if (scalesFromZero(module)) return { name: proxyName(module.name), port: { number: addOn.port } }
  return { name: gatewayName(module.name), port: { number: httpPort.number } }
}

function classOf(ingress: PlatformIngress): { ingressClassName?: string } {
  return ingress.class === undefined ? {} : { ingressClassName: ingress.class }
}

function tlsOf(
  { tlsSecret }: PlatformIngress,
  host: string,
  prefix: string,
): { tls?: k8s.IngressTls[] } {
  if (tlsSecret === undefined) return {}
  return { tls: [{ hosts: [host], secretName: `${prefix}${tlsSecret}` }] }
}

/** Answers come in pieces, for minutes, and files go up: what a controller would hold back, cut off or refuse. */
const annotationsOfClass: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  nginx: {
    'nginx.ingress.kubernetes.io/proxy-body-size': '512m',
    'nginx.ingress.kubernetes.io/proxy-buffering': 'off',
    'nginx.ingress.kubernetes.io/proxy-read-timeout': '600',
    'nginx.ingress.kubernetes.io/proxy-request-buffering': 'off',
  },
}

function annotationsOf(ingress: PlatformIngress): Record<string, string> {
  const { issuer, annotations } = ingress
  const kind = issuer?.kind === 'Issuer' ? 'issuer' : 'cluster-issuer'
  return {
    ...annotationsOfClass[ingress.class ?? ''],
    ...(issuer === undefined ? {} : { [`cert-manager.io/${kind}`]: issuer.name }),
    ...annotations,
  }
}
