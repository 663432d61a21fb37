import type { FaultList } from './fault-list.ts'
import { isObject } from './json-object.ts'
import type { DeploymentParams } from './module.ts'
import type { paramsSchema } from './params-schema.ts'
import type { ValueOf } from './schema-parts.ts'
import type { Path } from './yaml-source.ts'

type Params = ValueOf<typeof paramsSchema>

/** The workflow an entry brings, written as keys and values or as JSON, or where it stands. */
export function readWorkflow(
  { workflow: written, workflow_file: file }: Params,
  path: Path,
  faults: FaultList,
): Pick<DeploymentParams, 'workflow' | 'workflowFile'> {
  if (written !== undefined && file !== undefined)
    faults.error([...path, 'workflow_file'], 'expected it or workflow, found both')
  const workflow = typeof written === 'string' ? parseWorkflow(written) : written
  if (written !== undefined && workflow === undefined)
    faults.error(
      [...path, 'workflow'],
      "expected a workflow in ComfyUI's API format, found text that is no JSON object",
    )
  return {
    ...(workflow && { workflow }),
    ...(file !== undefined && file.trim() !== '' && { workflowFile: file.trim() }),
  }
}

/** A workflow out of JSON; undefined where it is none. */
export function parseWorkflow(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}
