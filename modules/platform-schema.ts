import { gatewayApiSchema, ingressSchema, secretsSchema } from './entrance-schema.ts'
import { labels, objectName, tolerationsSchema } from './placement-schema.ts'
import { flag, integer, listOf, oneOf, optional, ourBlock, text } from './schema-parts.ts'

const storage = {
  expected: 'a size such as 5Gi',
  pattern: '^[1-9][0-9]*(M|G|T|Mi|Gi|Ti)$',
}

const taggedImage = {
  expected: 'an image with its full tag, such as postgres:15.18-bookworm',
  pattern: String.raw`^[a-z0-9][\w.:/-]*(:(?!latest$)[\w][\w.-]*|@sha256:[0-9a-f]{64})$`,
}

const storageClass = text({
  description: 'Storage class of the volume; the default class of the cluster where absent.',
  expected: 'the name of a storage class',
  pattern: '^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$',
})

/** platform.yaml: what all modules share. */
export const platformSchema = ourBlock(
  {
    namespace: optional(
      text({
        description: 'Namespace of everything.',
        expected:
          'a name of at most 63 letters a-z, digits and dashes that does not begin with kube-',
        pattern: '^(?!kube-)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$',
        default: 'ai-gateway',
      }),
    ),
    image: optional(
      text({
        description: 'Name of the gateway image. Its tag is a hash of what is in it.',
        expected:
          'the name of an image without a tag, such as registry.example:5000/colonnade-gateway',
        pattern: '^([a-zA-Z0-9.-]+(:[0-9]+)?/)?[a-z0-9]+([._/-]+[a-z0-9]+)*$',
        default: 'colonnade-gateway',
      }),
    ),
    image_digest: optional(
      text({
        description: 'Digest of the gateway image, in place of the tag.',
        expected: 'sha256: and 64 hexadecimal digits',
        pattern: '^sha256:[0-9a-f]{64}$',
      }),
    ),
    image_pull_secrets: optional(
      listOf(text({ description: 'Name of a Secret.', ...objectName }), {
        description: 'Secrets with which all images are pulled.',
        expected: 'a list of names of Secrets',
        default: [],
      }),
    ),
    node_selector: optional(
      labels('Labels of the nodes that all pods run on; a module may have its own.'),
    ),
    tolerations: optional(tolerationsSchema),
    secrets: optional(secretsSchema),
    ingress: optional(ingressSchema),
    gateway_api: optional(gatewayApiSchema),
    backend_host: optional(
      text({
        description:
          "Value of BACKEND_HOST in the cluster: a name, an address, or node for the node's own address.",
        expected: 'the name or address of a host, or node',
        pattern: String.raw`^([A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9a-fA-F:.]+\])$`,
        default: 'host.minikube.internal',
      }),
    ),
    postgres: optional(
      ourBlock(
        {
          mode: optional(
            oneOf(['bundled', 'external', 'cnpg'], {
              description:
                'bundled: a Postgres beside the modules. external: yours. cnpg: a Cluster of CloudNativePG (components/cnpg).',
              default: 'bundled',
            }),
          ),
          secret: optional(
            text({
              description: 'external: Secret with the address, in place of .env.',
              ...objectName,
            }),
          ),
          secret_key: optional(
            text({
              description: 'Its key that holds the address.',
              expected: 'the key of a Secret, such as uri',
              pattern: '^[-._a-zA-Z0-9]+$',
              default: 'uri',
            }),
          ),
          instances: optional(
            integer({
              description: 'cnpg: servers, one of which writes.',
              expected: 'a whole number from 1 to 9',
              minimum: 1,
              maximum: 9,
              default: 3,
            }),
          ),
          pooler: optional(
            integer({
              description: 'cnpg: PgBouncers that the modules connect through; 0: none.',
              expected: 'a whole number from 0 to 20',
              maximum: 20,
              default: 0,
            }),
          ),
          image: optional(
            text({
              description: 'Image of Postgres, with its full tag; a major from 15 to 17.',
              ...taggedImage,
              default: 'postgres:15.18-bookworm',
            }),
          ),
          storage: optional(
            text({ description: 'Size of its volume.', ...storage, default: '5Gi' }),
          ),
          storage_class: optional(storageClass),
        },
        { description: 'Where keys, limits and spend are kept.' },
      ),
    ),
    prometheus: optional(
      ourBlock(
        {
          mode: optional(
            oneOf(['bundled', 'operator', 'none'], {
              description:
                'bundled: a Prometheus beside the modules. operator: that of Prometheus Operator (components/prometheus-operator). none: yours, or none.',
              default: 'bundled',
            }),
          ),
          labels: optional(
            labels(
              'operator: labels by which it finds its objects, such as {release: prometheus}.',
            ),
          ),
          namespace: optional(
            text({
              description:
                'Where a Prometheus of yours runs: metrics are for that namespace alone.',
              ...objectName,
            }),
          ),
          address: optional(
            text({
              description: 'Where autoscaling asks; the bundled one where absent.',
              expected: 'an address such as http://prometheus-operated.monitoring:9090',
              pattern: '^https?://[^\\s@]+$',
            }),
          ),
          rules: optional(
            flag({ description: 'operator: alerts (PrometheusRule).', default: true }),
          ),
          image: optional(
            text({
              description: 'Image of the bundled Prometheus, with its full tag.',
              ...taggedImage,
              default: 'prom/prometheus:v3.13.0',
            }),
          ),
          storage: optional(
            text({
              description: 'Size of its volume. Absent: what it learnt is gone when its pod goes.',
              ...storage,
            }),
          ),
          storage_class: optional(storageClass),
          retention: optional(
            text({
              description: 'How long it remembers.',
              expected: 'a time such as 15d, 12h or 1y',
              pattern: '^([0-9]+(y|w|d|h|m|s))+$',
              default: '15d',
            }),
          ),
          node_port: optional(
            integer({
              description: 'Its port on every node.',
              expected: 'a whole number from 30001 to 32767',
              minimum: 30001,
              maximum: 32767,
              default: 30900,
            }),
          ),
        },
        { description: 'Who collects metrics.' },
      ),
    ),
  },
  { description: 'What all modules share. Every key has a default; the file may be absent.' },
)
