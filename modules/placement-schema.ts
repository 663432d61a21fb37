import { integer, listOf, mapOf, oneOf, optional, ourBlock, text } from './schema-parts.ts'
import type { ValueOf } from './schema-parts.ts'

/** A name as Kubernetes objects have it. */
export const objectName = {
  expected: 'the name of a Kubernetes object: letters a-z, digits, dashes and dots',
  pattern: '^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$',
}

const label = {
  expected: 'the value of a label: at most 63 letters, digits, dashes, dots and underscores',
  pattern: '^([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?$',
}

const labelName = {
  expected: 'the name of a label, such as kubernetes.io/arch',
  pattern: '^([a-z0-9.-]+/)?[A-Za-z0-9][A-Za-z0-9_.-]*$',
}

/** Labels by name: of nodes, or to set on objects. */
export function labels(description: string) {
  return mapOf(text({ description: 'Value of a label.', ...label }), {
    description,
    expected: 'names and values of labels',
    default: {},
  })
}

/** Taints that pods bear. */
export const tolerationsSchema = listOf(
  ourBlock(
    {
      key: optional(text({ description: 'Key of the taint; absent: any.', ...labelName })),
      operator: optional(
        oneOf(['Equal', 'Exists'], { description: 'How it is compared.', default: 'Equal' }),
      ),
      value: optional(text({ description: 'Its value.', ...label })),
      effect: optional(
        oneOf(['NoSchedule', 'PreferNoSchedule', 'NoExecute'], {
          description: 'Its effect; absent: any.',
        }),
      ),
      toleration_seconds: optional(
        integer({ description: 'How long NoExecute is borne; absent: for ever.' }),
      ),
    },
    { description: 'One toleration.' },
  ),
  {
    description: 'Taints that the pods bear.',
    expected: 'a list of {key, operator, value, effect}',
    default: [],
  },
)

/** Where pods may run. */
export interface Placement {
  readonly nodeSelector: Readonly<Record<string, string>>
  readonly tolerations: readonly Toleration[]
}

interface Toleration {
  readonly key?: string
  readonly operator?: 'Equal' | 'Exists'
  readonly value?: string
  readonly effect?: string
  readonly tolerationSeconds?: number
}

interface WrittenPlacement {
  readonly node_selector?: Record<string, string>
  readonly tolerations?: ValueOf<typeof tolerationsSchema>
}

/** What is written; what is not stays as it is elsewhere. */
export function readPlacement(written: WrittenPlacement): Partial<Placement> {
  const { node_selector: nodeSelector, tolerations } = written
  return {
    ...(nodeSelector === undefined ? {} : { nodeSelector }),
    ...(tolerations === undefined
      ? {}
      : {
          tolerations: tolerations.map(({ toleration_seconds: seconds, ...toleration }) => ({
            ...toleration,
            ...(seconds === undefined ? {} : { tolerationSeconds: seconds }),
          })),
        }),
  }
}
