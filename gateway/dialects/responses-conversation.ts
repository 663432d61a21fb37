import { isObject } from '../../modules/json-object.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import { isGiven, isList, textOf, type Fields } from './read-fields.ts'
import { invalid } from './refusals.ts'

/** A response that is kept: what was asked for it, without what came before, and what it said. */
export interface KeptTurn {
  readonly input: readonly unknown[]
  readonly output: readonly unknown[]
}

/** Ids of kept responses that a request goes on from. */
export interface References {
  readonly previous: string | undefined
  /** Those whose items are referred to one by one. */
  readonly responses: readonly string[]
}

/** What a request needs of what is kept; undefined: it stands alone. */
export function referencesIn({
  previous_response_id: asked,
  input,
}: Fields): References | undefined {
  const previous = isGiven(asked) ? textOf(asked) : undefined
  if (isGiven(asked) && !previous)
    throw invalid('previous_response_id', 'must be the id of a response.')
  const items = isList(input) ? input.filter(isReference) : []
  const responses = new Set(items.flatMap(({ id }) => responseOfItem(id) ?? []))
  if (previous === undefined && responses.size === 0) return undefined
  return { previous, responses: [...responses] }
}

/** A turn as storage gives it. */
export function turnOf(row: { readonly input: unknown; readonly response: unknown }): KeptTurn {
  const output = isObject(row.response) ? row.response.output : []
  return { input: isList(row.input) ? row.input : [], output: isList(output) ? output : [] }
}

/** A request that went on from what is kept. */
export interface Joined {
  /** As if the caller had sent the whole conversation. */
  readonly fields: Fields
  /** The same without what came before, references filled in: what is to be kept of it. */
  readonly own: Fields
}

/** Puts kept turns, oldest first, in front of a request, and items in the place of references. */
export function joinKept(
  fields: Fields,
  turns: readonly KeptTurn[],
  referred: readonly KeptTurn[] = [],
): Joined {
  const { previous_response_id: _, input, ...rest } = fields
  const before = turns.flatMap(itemsOfTurn)
  const known = itemsById([...before, ...referred.flatMap(itemsOfTurn)])
  const now = itemsOf(input).map((item, index) => {
    if (!isReference(item)) return item
    const found = known.get(item.id)
    if (found) return found
    throw invalid(`input[${index}].id`, `names an item that is not kept: ${item.id.slice(0, 100)}.`)
  })
  return { fields: { ...rest, input: [...before, ...now] }, own: { ...rest, input: now } }
}

function itemsOfTurn({ input, output }: KeptTurn): readonly unknown[] {
  return [...input, ...output]
}

/** The input of a request as items that can be listed and referred to; those without an id get one. */
export function inputItems({ input }: Fields, answerId: string): readonly Fields[] {
  const stem = answerId.replace(/^resp_/, '')
  return itemsOf(input)
    .filter(isObject)
    .filter((item) => !isReference(item))
    .map((item, index) => {
      const type = textOf(item.type) ?? 'message'
      const id = textOf(item.id) ?? `${prefixes.get(type) ?? 'item'}_${stem}_i${index}`
      if (type !== 'message') return { ...item, type, id }
      const content =
        typeof item.content === 'string'
          ? [{ type: partTypeOf(item.role), text: item.content }]
          : item.content
      return { ...item, type, id, status: textOf(item.status) ?? 'completed', content }
    })
}

/** OpenAI's refusal of an id that is not kept, or no longer. */
export function previousNotFound(id: unknown): GatewayError {
  const shown = typeof id === 'string' ? id.slice(0, 100) : JSON.stringify(id).slice(0, 100)
  return new GatewayError(
    'invalid_request',
    `Previous response with id '${shown}' not found. Responses are kept where the module has general_settings.store_responses: {ttl: …}, for that time and for the key that asked. Send the whole conversation as input.`,
    { param: 'previous_response_id', upstream: { code: 'previous_response_not_found' } },
  )
}

const prefixes = new Map([
  ['message', 'msg'],
  ['function_call', 'fc'],
  ['function_call_output', 'fco'],
  ['custom_tool_call', 'ctc'],
  ['custom_tool_call_output', 'ctco'],
  ['reasoning', 'rs'],
])

function partTypeOf(role: unknown): string {
  return role === 'assistant' ? 'output_text' : 'input_text'
}

function itemsOf(input: unknown): readonly unknown[] {
  if (typeof input === 'string') return [{ type: 'message', role: 'user', content: input }]
  if (isList(input)) return input
  throw invalid('input', 'must be a text or a list of items.')
}

interface Reference extends Fields {
  readonly id: string
}

function isReference(item: unknown): item is Reference {
  if (!isObject(item) || typeof item.id !== 'string') return false
  if (item.type === 'item_reference') return true
  return !isGiven(item.type) && item.role === undefined
}

/** Ids of items hold that of their response. */
function responseOfItem(id: string): string | undefined {
  const stem = /^[a-z]+_(\w{1,64})_i?\d+$/.exec(id)?.[1]
  return stem === undefined ? undefined : `resp_${stem}`
}

function itemsById(items: readonly unknown[]): ReadonlyMap<string, unknown> {
  return new Map(
    items.flatMap((item) =>
      isObject(item) && typeof item.id === 'string' ? [[item.id, item]] : [],
    ),
  )
}
