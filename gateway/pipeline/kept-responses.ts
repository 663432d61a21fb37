import {
  inputItems,
  joinKept,
  previousNotFound,
  referencesIn,
  turnOf,
} from '../dialects/responses-conversation.ts'
import type { KeptResponse, NewResponse, ResponseOwner } from '../storage/responses.ts'
import { readJsonRequest, type JsonRequest } from './json-request.ts'

type Fields = Readonly<Record<string, unknown>>

/** Where responses are kept; what `Storage` has. */
export interface ResponseRoom {
  keep(row: NewResponse, ttlMs: number): Promise<boolean>
  find(owner: ResponseOwner, ids: readonly string[]): Promise<readonly KeptResponse[]>
  findConversation(owner: ResponseOwner, id: string): Promise<readonly KeptResponse[]>
}

/** A request to `/v1/responses` that goes on from what is kept. */
export interface Continued {
  /** As if the caller had sent the whole conversation. */
  readonly request: JsonRequest
  /** What is to be kept of it. */
  readonly own: Fields
  readonly previousId: string | undefined
}

// Ids of an upstream's own responses are longer, and none of our business.
const ourId = /^resp_[0-9a-f]{32}$/

/**
 * Puts what is kept in front of a request; undefined where it stands alone, or goes on from what an upstream may keep.
 * Throws `previous_response_not_found` where a part is gone, `storage_unavailable` where Postgres is away.
 */
export async function continueKept(
  { fields }: JsonRequest,
  owner: ResponseOwner,
  room: Pick<ResponseRoom, 'find' | 'findConversation'>,
): Promise<Continued | undefined> {
  const references = referencesIn(fields)
  if (!references) return undefined
  const { previous } = references
  if (previous !== undefined && !ourId.test(previous)) return undefined
  const turns = previous === undefined ? [] : await room.findConversation(owner, previous)
  if (previous !== undefined && turns.length === 0) throw previousNotFound(previous)
  const missing = turns[0]?.previousId
  if (missing !== undefined) throw previousNotFound(missing)
  const ids = references.responses.filter((id) => ourId.test(id))
  const referred = ids.length === 0 ? [] : await room.find(owner, ids)
  if (previous === undefined && referred.length === 0) return undefined
  const joined = joinKept(fields, turns.map(turnOf), referred.map(turnOf))
  return {
    request: readJsonRequest(Buffer.from(JSON.stringify(joined.fields))),
    own: joined.own,
    previousId: previous,
  }
}

/** Whether an answer is kept: where the module does so, unless the caller says no. */
export function isToBeKept({ store }: Fields, ttlMs: number | undefined): ttlMs is number {
  return ttlMs !== undefined && store !== false
}

/** The row of an answer; `own` are the fields of the request, without what came before. */
export function rowOf(
  response: Fields,
  own: Fields,
  { module, caller, previousId }: ResponseOwner & { readonly previousId: string | undefined },
): NewResponse {
  const id = String(response['id'])
  return { id, previousId, module, caller, input: inputItems(own, id), response }
}
