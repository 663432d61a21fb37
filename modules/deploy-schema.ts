import { backendsSchema, quantity, resourcesSchema } from './backend-schema.ts'
import { labels, objectName, tolerationsSchema } from './placement-schema.ts'
import { either, integer, listOf, nothing, optional, ourBlock, text } from './schema-parts.ts'

/** What a gateway is given that says nothing else. */
export const gatewayResources = {
  requests: { cpu: '100m', memory: '128Mi' },
  // Its own thread, and room for garbage collection and the like.
  limits: { cpu: '2', memory: '256Mi' },
} as const

/** `deploy`: what infra reads; the gateway's document leaves it out. */
export const deploySchema = ourBlock(
  {
    node_port: optional(
      integer({
        description: 'Port of the module on every node; 30000 and 30900 are taken.',
        expected: 'a whole number from 30001 to 32767',
        minimum: 30001,
        maximum: 32767,
      }),
    ),
    replicas: optional(
      either([integer({ description: '', maximum: 1000 }), nothing], {
        description: 'Pods of this module; null leaves the number to whoever scales from outside.',
        expected: 'a whole number from 0 to 1000, or null where something else scales',
        default: 1,
      }),
    ),
    autoscaling: optional(
      ourBlock(
        {
          min: optional(
            integer({
              description: 'Fewest pods; 0 with target_in_flight, by the HTTP add-on of KEDA.',
              expected: 'a whole number from 0',
              minimum: 0,
              maximum: 1000,
              default: 1,
            }),
          ),
          max: integer({
            description: 'Most pods.',
            expected: 'a whole number from 1 to 1000',
            minimum: 1,
            maximum: 1000,
          }),
          target_cpu_percent: optional(
            integer({
              description:
                'CPU use, in percent of the request, that pods are added to hold; 70 where nothing else is held.',
              expected: 'a percentage from 1 to 1000',
              minimum: 1,
              maximum: 1000,
            }),
          ),
          target_in_flight: optional(
            integer({
              description: 'Requests under way in one pod that pods are added to hold, by KEDA.',
              expected: 'a whole number from 1',
              minimum: 1,
              maximum: 100_000,
            }),
          ),
        },
        { description: 'Pods by CPU use or requests under way, in place of replicas.' },
      ),
    ),
    resources: optional(resourcesSchema(quantity, gatewayResources)),
    backends: optional(backendsSchema),
    node_selector: optional(labels("Labels of its nodes, in place of platform.yaml's.")),
    tolerations: optional({
      ...tolerationsSchema,
      description: "Taints that its pods bear, in place of platform.yaml's.",
    }),
    secret: optional(
      text({
        description: 'A Secret of yours with its keys, in place of <module>-keys.',
        ...objectName,
      }),
    ),
    secrets: optional(
      listOf(
        text({
          description: 'Name of a variable.',
          expected: 'a variable name such as OPENAI_API_KEY',
          pattern: '^[A-Za-z_][A-Za-z0-9_]*$',
        }),
        {
          description: 'Variables for the Secret beyond those the file names.',
          expected: 'a list of variable names',
          default: [],
        },
      ),
    ),
  },
  { description: 'How the module is placed in a cluster. The gateway never sees it.' },
)
