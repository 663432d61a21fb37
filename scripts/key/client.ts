import { isObject } from '../../modules/json-object.ts'
import type { FoundGateway } from './find-gateway.ts'

export type Told = Readonly<Record<string, unknown>>

/** A gateway's management API. */
export interface Client {
  get(path: string, query?: Readonly<Record<string, string | undefined>>): Promise<Told>
  post(path: string, body: Readonly<Record<string, unknown>>): Promise<Told>
}

/** What a gateway refused, or why it could not be asked: words for people. */
export class AskError extends Error {}

const patienceMs = 30_000

export function createClient({ url, masterKey }: FoundGateway): Client {
  const ask = async (path: string, init: RequestInit): Promise<Told> => {
    const headers = { authorization: `Bearer ${masterKey}`, 'content-type': 'application/json' }
    const signal = AbortSignal.timeout(patienceMs)
    const answer = await fetch(url + path, { ...init, headers, signal }).catch((cause: unknown) => {
      throw new AskError(`${url} does not answer: is the gateway running, and the address right?`, {
        cause,
      })
    })
    const body: unknown = await answer.json().catch(() => undefined)
    if (answer.ok && typeof body === 'object' && body !== null) return toldBy(body)
    throw new AskError(refusalOf(url, answer.status, body))
  }
  return {
    get(path, query = {}) {
      const asked = Object.entries(query).flatMap(([name, value]) =>
        value === undefined ? [] : [`${name}=${encodeURIComponent(value)}`],
      )
      return ask(asked.length === 0 ? path : `${path}?${asked.join('&')}`, { method: 'GET' })
    },
    post: (path, body) => ask(path, { method: 'POST', body: JSON.stringify(body) }),
  }
}

// A list is an answer too.
function toldBy(body: object): Told {
  return Array.isArray(body) ? { list: body } : { ...body }
}

function refusalOf(url: string, status: number, body: unknown): string {
  const error = isObject(body) ? body['error'] : undefined
  const message = isObject(error) ? error['message'] : undefined
  if (typeof message !== 'string')
    return `${url} answered ${status} without a reason: it may be no gateway of Colonnade.`
  if (status === 401)
    return `${message} (the key of .env, or of --master-key-file, is not the one that ${url} was started with)`
  return message
}
