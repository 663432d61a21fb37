import { parentsSchema } from './entrance-schema.ts'
import { labels, objectName, tolerationsSchema } from './placement-schema.ts'
import { integer, listOf, mapOf, oneOf, optional, ourBlock, text } from './schema-parts.ts'
import type { Schema } from './schema-parts.ts'

/** Servers that infra knows how to run. */
const backendKinds = ['ollama', 'vllm', 'whisper', 'comfyui'] as const

export type BackendKind = (typeof backendKinds)[number]

/** Amounts by resource: `resources` of a gateway and of a backend alike. */
export function resourcesSchema(
  quantity: Schema<string>,
  defaults: { readonly requests: object; readonly limits: object },
) {
  return ourBlock(
    {
      requests: optional(
        mapOf(quantity, {
          description: 'What a pod is promised: cpu, memory, or a device by its full name.',
          default: defaults.requests,
        }),
      ),
      limits: optional(
        mapOf(quantity, {
          description: 'What a pod may use at most. Memory is never set below the request.',
          default: defaults.limits,
        }),
      ),
    },
    { description: 'CPU and memory of one pod.' },
  )
}

export const quantity = text({
  description: 'A Kubernetes quantity.',
  expected: 'a quantity such as 100m, 0.5 or 256Mi',
  pattern: String.raw`^[0-9]+(\.[0-9]+)?(m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)?$`,
})

/** What a model server is given that says nothing else. */
export const backendResources = {
  requests: { cpu: '500m', memory: '2Gi' },
  // As much CPU as a node has: models without a device take all of it.
  limits: { cpu: '32', memory: '16Gi' },
} as const

const pinnedImage = {
  expected: 'an image with its full tag, such as ollama/ollama:0.12.3',
  pattern: String.raw`^[a-z0-9][\w.:/-]*(:(?!latest$)[\w][\w.-]*|@sha256:[0-9a-f]{64})$`,
}

const words = text({ description: 'A word.', expected: 'a word' })

/** `deploy.backends`: model servers in the cluster, beside the module. */
export const backendsSchema = listOf(
  ourBlock(
    {
      name: text({
        description: 'Its Service is <module>-<name>.',
        expected: 'a name of at most 20 letters a-z, digits and dashes',
        pattern: '^[a-z]([a-z0-9-]{0,18}[a-z0-9])?$',
      }),
      kind: oneOf(backendKinds, { description: 'Which server it is.' }),
      image: text({
        description: 'Its image, with its full tag or digest.',
        ...pinnedImage,
      }),
      models: optional(
        listOf(words, {
          description: 'ollama: pulled at the start. vllm: the one it serves.',
          expected: 'a list of names of models',
          default: [],
        }),
      ),
      replicas: optional(
        integer({
          description: 'Pods; several share a volume that many nodes may write (ReadWriteMany).',
          expected: 'a whole number from 0 to 100',
          maximum: 100,
          default: 1,
        }),
      ),
      pool: optional(
        ourBlock(
          {
            picker_image: text({
              description: 'Image of the endpoint picker, with its full tag or digest.',
              ...pinnedImage,
            }),
            parents: parentsSchema,
          },
          {
            description:
              'vllm: an InferencePool, whose picker chooses the pod by load and cached prefixes.',
          },
        ),
      ),
      args: optional(
        listOf(words, {
          description: 'Further arguments.',
          expected: 'a list of words',
          default: [],
        }),
      ),
      storage: optional(
        text({
          description: 'Size of the volume that models are kept on.',
          expected: 'a size such as 50Gi',
          pattern: '^[1-9][0-9]*(M|G|T|Mi|Gi|Ti)$',
          default: '50Gi',
        }),
      ),
      storage_class: optional(text({ description: 'Its storage class.', ...objectName })),
      gpus: optional(integer({ description: 'Devices of its own.', maximum: 64, default: 0 })),
      gpu_resource: optional(
        text({
          description: 'What they are called.',
          expected: 'a device such as nvidia.com/gpu',
          pattern: '^[a-z0-9.-]+/[A-Za-z0-9._-]+$',
          default: 'nvidia.com/gpu',
        }),
      ),
      resources: optional(resourcesSchema(quantity, backendResources)),
      node_selector: optional(labels("Labels of its nodes, in place of platform.yaml's.")),
      tolerations: optional(tolerationsSchema),
    },
    { description: 'A model server.' },
  ),
  {
    description: 'Model servers that run in the cluster beside the module.',
    expected: 'a list of {name, kind, image}',
    default: [],
  },
)
