import type { FinishedCall, Sign } from '../providers/signing.ts'
import type { Outgoing } from './outgoing.ts'

/** The call with the headers that sign it as it stands, as of this Unix time. */
export async function signCall(
  outgoing: Outgoing,
  origin: string,
  sign: Sign,
  nowMs: number,
): Promise<Outgoing> {
  const { call } = outgoing
  const { method, path, headers } = call
  const finished: FinishedCall = {
    method,
    path,
    headers,
    host: new URL(origin).host,
    body: bytesOf(call.body),
  }
  const added = await sign(finished, nowMs)
  return { ...outgoing, call: { ...call, headers: [...headers, ...added] } }
}

function bytesOf(body: Outgoing['call']['body']): Uint8Array {
  if (body === null) return new Uint8Array()
  if (body instanceof Uint8Array) return body
  throw new Error('a body that flows on cannot be signed before it is sent')
}
