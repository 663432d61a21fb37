import { objectName } from './placement-schema.ts'
import { listOf, mapOf, oneOf, optional, ourBlock, text } from './schema-parts.ts'

const host = {
  expected: 'a host name such as ai.example.com',
  pattern: '^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$',
}

const routing = oneOf(['path', 'host'], {
  description:
    'path: one host, a path for each module (/llm). host: a host for each (llm.ai.example.com).',
  default: 'path',
})

const annotations = mapOf(
  text({ description: 'Text of an annotation.', expected: 'text in quotes' }),
  { description: 'Annotations, in place of those set by class.', default: {} },
)

/** `ingress`: an entrance for all modules by a controller that knows Ingress. */
export const ingressSchema = ourBlock(
  {
    host: text({ description: 'Name that callers use.', ...host }),
    routing: optional(routing),
    class: optional(
      text({
        description: 'Class of the controller; the default of the cluster where absent.',
        ...objectName,
      }),
    ),
    tls_secret: optional(
      text({
        description: 'Secret with the certificate; with an issuer it is made under this name.',
        ...objectName,
      }),
    ),
    issuer: optional(
      text({ description: 'Issuer of cert-manager that makes the certificate.', ...objectName }),
    ),
    issuer_kind: optional(
      oneOf(['ClusterIssuer', 'Issuer'], {
        description: 'Kind of the issuer.',
        default: 'ClusterIssuer',
      }),
    ),
    annotations: optional(annotations),
  },
  { description: 'An Ingress for all modules.' },
)

/** Gateways that routes hang on. */
export const parentsSchema = listOf(
  ourBlock(
    {
      name: text({ description: 'Name of a Gateway.', ...objectName }),
      namespace: optional(text({ description: 'Its namespace.', ...objectName })),
      section: optional(text({ description: 'One of its listeners.', ...objectName })),
    },
    { description: 'A Gateway.' },
  ),
  {
    description: 'Gateways that the routes hang on: {name, namespace, section}.',
    expected: 'a list of {name, namespace, section}',
  },
)

/** `gateway_api`: routes of all modules at a Gateway that is there. */
export const gatewayApiSchema = ourBlock(
  {
    host: optional(text({ description: 'Name that callers use; any where absent.', ...host })),
    routing: optional(routing),
    parents: parentsSchema,
  },
  { description: 'An HTTPRoute for each module (components/gateway-api).' },
)

/** `secrets`: who makes the Secrets. */
export const secretsSchema = ourBlock(
  {
    mode: optional(
      oneOf(['generated', 'existing', 'external'], {
        description:
          'generated: from .env. existing: they are there. external: ExternalSecrets make them (components/external-secrets).',
        default: 'generated',
      }),
    ),
    store: optional(
      text({
        description: 'Store that ExternalSecrets read; required for external.',
        ...objectName,
      }),
    ),
    store_kind: optional(
      oneOf(['ClusterSecretStore', 'SecretStore'], {
        description: 'Kind of the store.',
        default: 'ClusterSecretStore',
      }),
    ),
    path: optional(
      text({
        description: 'Where each stands in the store; {name} is the name of its Secret.',
        expected: 'a path that holds {name}, such as colonnade/{name}',
        pattern: String.raw`\{name\}`,
        default: 'colonnade/{name}',
      }),
    ),
    refresh: optional(
      text({
        description: 'How often they are read again.',
        expected: 'a time such as 1h or 15m',
        pattern: '^([0-9]+(s|m|h))+$',
        default: '1h',
      }),
    ),
  },
  { description: 'Who makes the Secrets.' },
)
