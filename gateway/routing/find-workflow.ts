import type { DeploymentParams } from '../../modules/module.ts'
import { parseWorkflow } from '../../modules/read-workflow.ts'
import type { Provider } from '../providers/provider.ts'
import type { ParamSources } from './vendor-params.ts'

/** The workflow of a deployment, out of its file where it names one, or what is wrong with it. */
export function findWorkflow(
  { workflow: inline, workflowFile }: DeploymentParams,
  { name, checkWorkflow }: Provider,
  { readFile }: Pick<ParamSources, 'readFile'>,
): Pick<DeploymentParams, 'workflow'> | { readonly fault: string } {
  const key = workflowFile === undefined ? 'workflow' : 'workflow_file'
  if (inline === undefined && workflowFile === undefined) return {}
  if (!checkWorkflow) return { fault: `${key}: ${name} draws by none` }
  const text = workflowFile === undefined ? undefined : readFile?.(workflowFile)
  if (workflowFile !== undefined && text === undefined)
    return { fault: 'workflow_file: expected the path of a file that can be read' }
  const workflow = inline ?? parseWorkflow(text ?? '')
  if (workflow === undefined) return { fault: 'workflow_file: expected a JSON object in it' }
  const fault = checkWorkflow(workflow)
  return fault === undefined ? { workflow } : { fault: `${key}: ${fault}` }
}
