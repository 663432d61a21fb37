import type { FastifyRequest } from 'fastify'

import { isObject } from '../../modules/json-object.ts'
import type { Caller } from '../auth/keyring.ts'
import { authenticateFor } from '../auth/rights.ts'
import { isVirtualKey } from '../auth/virtual-key.ts'
import { mayAskFor } from '../endpoints/ask-caller.ts'
import type { Gateway } from '../endpoints/gateway.ts'
import { readBody } from '../endpoints/read-body.ts'
import { GatewayError } from '../errors/gateway-error.ts'

/** What all management endpoints share: who asks, what is asked, which key is meant. */
export interface Desk {
  /** Throws `invalid_api_key`, `not_ready`. */
  authenticate(request: FastifyRequest): Promise<Caller>
  /** The JSON object of the body; an empty body is an empty object. Throws `invalid_request`. */
  readBody(request: FastifyRequest): Promise<Readonly<Record<string, unknown>>>
  /** The id of a key that is named by itself or by its id. Throws `invalid_request` for what is neither. */
  keyIdOf(key: string): string
  /** The ids that it may have: one for each salt key, the present one's first. */
  keyIdsOf(key: string): readonly string[]
  /** Whether a caller may ask for a model. */
  mayUse(caller: Caller, model: string): boolean
}

const mostBytes = 1024 * 1024

export function createDesk(gateway: Gateway): Desk {
  const digestsFor = (key: string) => {
    const { virtual } = gateway.requireServing().keyring
    if (!isVirtualKey(key) || !virtual) throw noKey()
    return virtual
  }
  return {
    authenticate({ raw, url }) {
      const { keyring, module } = gateway.requireServing()
      const path = url.split('?')[0] ?? ''
      return authenticateFor(raw.headers, keyring, { module: module.name, path })
    },
    async readBody({ raw }) {
      const text = (await readBody(raw, mostBytes)).toString('utf8').trim()
      const value: unknown = text === '' ? {} : parse(text)
      if (isObject(value)) return value
      throw new GatewayError('invalid_request', 'Expected a JSON object as the body.')
    },
    keyIdOf(key) {
      return isId(key) ? key : digestsFor(key).digestOf(key)
    },
    keyIdsOf(key) {
      if (isId(key)) return [key]
      const { digestOf, formerly } = digestsFor(key)
      return [digestOf, ...formerly].map((digest) => digest(key))
    },
    mayUse: (caller, model) => mayAskFor(caller, model, gateway),
  }
}

function isId(key: string): boolean {
  return /^[0-9a-f]{64}$/.test(key)
}

function noKey(): GatewayError {
  return new GatewayError(
    'invalid_request',
    'Expected a virtual key, which begins with sk-, or its token of 64 hexadecimal digits.',
    { param: 'key' },
  )
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new GatewayError('invalid_request', 'Invalid JSON payload: expected a JSON object.')
  }
}
