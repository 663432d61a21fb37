import { isObject } from '../../modules/json-object.ts'
import { faultOfPlaces, placeholdersIn } from './comfyui-placeholders.ts'
import { isList, textOf, type JsonObject } from './read-json.ts'

/** What is wrong with a workflow, in words for its author; undefined where it can be queued as far as can be seen here. */
export function faultInWorkflow(workflow: JsonObject): string | undefined {
  if (isList(workflow['nodes']))
    return "expected ComfyUI's API format, found that of its editor: export it by Workflow, Export (API)"
  const entries = Object.entries(workflow)
  if (entries.length === 0) return 'expected nodes, found none'
  const { prompt } = workflow
  if (isObject(prompt) && !('class_type' in prompt))
    return 'expected nodes, found a whole request: write what stands under its "prompt"'
  for (const [id, node] of entries) {
    const fault = faultInNode(node, workflow)
    if (fault !== undefined) return `node ${id}: ${fault}`
  }
  return undefined
}

function faultInNode(node: unknown, workflow: JsonObject): string | undefined {
  const kind = isObject(node) ? textOf(node['class_type']) : undefined
  if (!isObject(node) || kind === undefined || kind === '')
    return 'expected a node with class_type and inputs'
  if (placeholdersIn(kind).size > 0) return 'class_type: nothing is filled in here, only in inputs'
  const { inputs } = node
  if (!isObject(inputs)) return 'expected inputs as names and values'
  for (const [name, value] of Object.entries(inputs)) {
    const fault = faultInInput(name, value, workflow)
    if (fault !== undefined) return `inputs.${name}: ${fault}`
  }
  return undefined
}

function faultInInput(name: string, value: unknown, workflow: JsonObject): string | undefined {
  // What YAML makes of {{width}} without quotes.
  if (isObject(value) && Object.keys(value).some((key) => /^\s*\{/.test(key)))
    return 'expected quotes around a placeholder: "{{width}}"'
  if (isLink(value) && !Object.hasOwn(workflow, value[0]))
    return `it comes from node ${value[0]}, which is not there`
  return faultOfPlaces(name, value)
}

function isLink(value: unknown): value is readonly [string, number] {
  return (
    isList(value) &&
    value.length === 2 &&
    typeof value[0] === 'string' &&
    Number.isInteger(value[1])
  )
}
