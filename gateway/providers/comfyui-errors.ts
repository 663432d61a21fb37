import { GatewayError } from '../errors/gateway-error.ts'
import { fieldOf, isObject } from '../../modules/json-object.ts'
import { placeholdersIn } from './comfyui-placeholders.ts'
import { isList, textOf, type JsonObject } from './read-json.ts'
import { refusalKindOf } from './refusal-kinds.ts'
import { withoutSecrets } from './without-secrets.ts'

/** Whose failure it is, and what its message may not show. */
export interface Failing {
  /** The name the caller asked for. */
  readonly model: string
  /** The template, for the places of its inputs. */
  readonly workflow: JsonObject
  readonly fields: JsonObject
  readonly secrets: readonly string[]
}

interface NodeFault {
  readonly node: string
  readonly type: string
  readonly input: string
  readonly text: string
}

/** Why a workflow was not queued: a value of the caller's, a model or a node that the server lacks, or the workflow. */
export function refusalOf(answer: unknown, failing: Failing): GatewayError {
  const faults = nodeFaultsIn(fieldOf(answer, 'node_errors'))
  const whole = wordsOf(fieldOf(answer, 'error'))
  const fault = faults.find(({ type }) => type !== 'exception_during_inner_validation') ?? faults[0]
  const said = fault ? `node ${fault.node}: ${fault.text}` : whole
  const message = clean(said, failing)
  const details = { answeredStatus: 400, cause: message }
  if (isLacking(fault, whole, fieldOf(fieldOf(answer, 'error'), 'type')))
    return new GatewayError(
      'upstream_lacks_model',
      `The server behind model '${failing.model}' lacks what its workflow needs: ${message}. Install it there, or change the model's workflow.`,
      details,
    )
  const field = fault && callersField(fault, failing)
  if (field !== undefined)
    return new GatewayError('invalid_request', `'${field}' does not fit this model: ${message}`, {
      ...details,
      param: field,
    })
  return new GatewayError(
    'upstream_rejected',
    `The server behind model '${failing.model}' rejected its workflow: ${message}`,
    { ...details, upstream: { status: 400 } },
  )
}

/** Why a workflow that was queued did not come to its end. */
export function executionErrorOf(entry: unknown, failing: Failing): GatewayError {
  const messages = fieldOf(fieldOf(entry, 'status'), 'messages')
  const told = (kind: string): unknown =>
    (isList(messages) ? messages : []).find((one) => isList(one) && one[0] === kind)
  const error = told('execution_error')
  const model = `The server behind model '${failing.model}'`
  if (!isList(error)) {
    const isStopped = told('execution_interrupted') !== undefined
    return new GatewayError(
      'upstream_failed',
      isStopped
        ? `${model} was told to stop drawing. Ask again.`
        : `${model} failed on its workflow and does not say why. Look at its log.`,
    )
  }
  const [, data] = error
  const kind = textOf(fieldOf(data, 'exception_type')) ?? ''
  const words = textOf(fieldOf(data, 'exception_message')) ?? kind
  const at = `node ${textOf(fieldOf(data, 'node_id')) ?? '?'} (${textOf(fieldOf(data, 'node_type')) ?? '?'})`
  const message = clean(`${at}: ${words}`, failing)
  const details = { cause: clean(`${kind} ${message}`, failing) }
  if (isOutOfMemory(kind, words))
    return new GatewayError(
      'upstream_failed',
      `${model} ran out of memory at ${message} Ask for a smaller picture, or fewer.`,
      details,
    )
  if (isServersOwn(kind, words))
    return new GatewayError('upstream_failed', `${model} failed at ${message}`, details)
  const silent = { code: null, param: null, type: null, innerCode: null }
  const refusal = refusalKindOf(400, { ...silent, message: words })
  return new GatewayError(
    refusal ?? 'upstream_rejected',
    `${model} could not draw this: ${message}`,
    { ...details, upstream: { status: 400 } },
  )
}

function nodeFaultsIn(errors: unknown): NodeFault[] {
  if (!isObject(errors)) return []
  return Object.entries(errors).flatMap(([id, told]) => {
    const list = fieldOf(told, 'errors')
    const kind = textOf(fieldOf(told, 'class_type'))
    const node = kind === undefined ? id : `${id} (${kind})`
    return (isList(list) ? list : []).map((error) => {
      const details = textOf(fieldOf(error, 'details')) ?? ''
      const named = textOf(fieldOf(fieldOf(error, 'extra_info'), 'input_name'))
      const input = named ?? /^[\w-]{1,64}/.exec(details)?.[0] ?? ''
      return { node, type: textOf(fieldOf(error, 'type')) ?? '', input, text: wordsOf(error) }
    })
  })
}

// The list of what a server has is long, and the caller's business only as far as it is offered.
function wordsOf(error: unknown): string {
  if (typeof error === 'string') return error
  const message = textOf(fieldOf(error, 'message')) ?? ''
  const details = (textOf(fieldOf(error, 'details')) ?? '').replace(/ not in [[(][\s\S]*$/, '')
  return [message, details].filter((words) => words !== '').join(': ') || 'it gives no reason'
}

function isLacking(fault: NodeFault | undefined, whole: string, type: unknown): boolean {
  if (fault?.type === 'value_not_in_list')
    return /_?name$|^model/i.test(fault.input) && !isChoice(fault.input)
  if (fault) return false
  return type === 'missing_node_type' || /does not exist|not found/i.test(whole)
}

// What a caller may choose, as distinct from files that are there or not.
function isChoice(input: string): boolean {
  return /sampler|scheduler/.test(input)
}

const fieldsByPlace: Readonly<Record<string, string>> = {
  width: 'size',
  height: 'size',
  image_2: 'image',
  image_3: 'image',
  image_4: 'image',
}

/** The field of the request that fills the input at fault, where it was given. */
function callersField(
  { node, input }: NodeFault,
  { workflow, fields }: Failing,
): string | undefined {
  const template = fieldOf(fieldOf(workflow[node.replace(/ \(.*$/, '')], 'inputs'), input)
  for (const place of placeholdersIn(template)) {
    const field = Object.hasOwn(fieldsByPlace, place) ? (fieldsByPlace[place] ?? place) : place
    if (Object.hasOwn(fields, field) || field === 'image' || field === 'mask') return field
  }
  return undefined
}

function isOutOfMemory(kind: string, words: string): boolean {
  return /OutOfMemory|MemoryError/.test(kind) || /out of memory|allocation on device/i.test(words)
}

/** What is wrong with the machine or its files, whatever is asked. */
function isServersOwn(kind: string, words: string): boolean {
  return (
    /(FileNotFound|Permission|OS|IO|Connection|Import|ModuleNotFound|NotImplemented|Accelerator|SafetensorError)/.test(
      kind,
    ) || /\b(CUDA|HIP|cuDNN|MPS|driver)\b/i.test(words)
  )
}

function clean(text: string, { secrets }: Failing): string {
  return withoutSecrets(text, secrets)
}
