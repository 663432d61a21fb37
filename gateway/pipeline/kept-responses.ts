import type { CallerStream } from '../dialects/caller-dialect.ts'
import {
  inputItems,
  joinKept,
  previousNotFound,
  referencesIn,
  turnOf,
} from '../dialects/responses-conversation.ts'
import type { KeptResponse, NewResponse, ResponseOwner } from '../storage/responses.ts'
import type { Surroundings } from './attempt.ts'
import type { Exchange } from './exchange.ts'
import { readJsonRequest, type JsonRequest } from './json-request.ts'
import type { Rooms } from './rooms.ts'
import type { ReadRequest } from './serve.ts'

type Fields = Readonly<Record<string, unknown>>

/** Where responses are kept; what `Storage` has. */
export interface ResponseRoom {
  /** Whether a response would be kept just now. */
  readonly isOpen: boolean
  /** Never throws. */
  keep(row: NewResponse, ttlMs: number): Promise<boolean>
  find(owner: ResponseOwner, ids: readonly string[]): Promise<readonly KeptResponse[]>
  findConversation(owner: ResponseOwner, id: string): Promise<readonly KeptResponse[]>
}

/** What is to be kept of a request, with its answer. */
export interface Keeping {
  /** Undefined: it is not kept, as the caller wants, or as there is no database. */
  readonly ttlMs: number | undefined
  /** Its fields, without what came before. */
  readonly own: Fields
  readonly previousId: string | undefined
}

/** Whether a request may go on from what is kept. */
export function mayGoOn({ endpoint, serving }: Exchange): boolean {
  return serving.module.general.storeResponsesMs !== undefined && endpoint.name === 'responses'
}

/** The request as if the caller had sent its whole conversation; the exchange learns what is to be kept of it. */
export async function goOn(
  request: ReadRequest,
  exchange: Exchange,
  { responses }: Pick<Rooms, 'responses'>,
): Promise<ReadRequest> {
  if (request.kind === 'form') return request
  const isWanted = request.field('store') !== false
  const { storeResponsesMs } = exchange.serving.module.general
  const continued = await continueKept(request, ownerOf(exchange), responses)
  exchange.keeping = {
    ttlMs: isWanted && responses.isOpen ? storeResponsesMs : undefined,
    own: continued?.own ?? request.fields,
    previousId: continued?.previousId,
  }
  return continued?.request ?? request
}

/** Keeps an answer, where that is asked for. The caller does not wait for it. */
export function keepAnswer(
  answer: Fields | undefined,
  {
    exchange,
    rooms,
  }: Pick<Surroundings, 'exchange'> & { readonly rooms: Pick<Rooms, 'responses'> },
): void {
  const { keeping } = exchange
  const id = answer?.['id']
  if (!answer || typeof id !== 'string' || keeping?.ttlMs === undefined) return
  const { own, previousId, ttlMs } = keeping
  const row = { ...ownerOf(exchange), id, previousId, input: inputItems(own, id), response: answer }
  void rooms.responses.keep(row, ttlMs)
}

/** The stream, its answer kept when it has ended well. */
export function keepingStream(stream: CallerStream, around: Surroundings): CallerStream {
  if (around.exchange.keeping === undefined) return stream
  return {
    onChunk: (chunk) => stream.onChunk(chunk),
    end() {
      const events = stream.end()
      keepAnswer(stream.answer, around)
      return events
    },
    ...(stream.onError && { onError: stream.onError.bind(stream) }),
  }
}

function ownerOf({ caller, serving }: Exchange): ResponseOwner {
  return { module: serving.module.name, caller: caller.id }
}

interface Continued {
  readonly request: JsonRequest
  readonly own: Fields
  readonly previousId: string | undefined
}

// Ids of an upstream's own responses are longer, and none of our business.
const ourId = /^resp_[0-9a-f]{32}$/

/**
 * Puts what is kept in front of a request; undefined where it stands alone, or goes on from what an upstream may keep.
 * Throws `previous_response_not_found` where a part is gone, `storage_unavailable` where Postgres is away.
 */
async function continueKept(
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
