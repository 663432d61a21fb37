import type { FastifyRequest } from 'fastify'

import { isObject } from '../../modules/json-object.ts'
import { authenticate, type Caller } from '../auth/keyring.ts'
import type { Gateway } from '../endpoints/gateway.ts'
import { readBody } from '../endpoints/read-body.ts'
import { GatewayError } from '../errors/gateway-error.ts'

/** What all management endpoints share: who asks, what is asked, which key is meant. */
export interface Desk {
  /** Throws `invalid_api_key`, `not_ready`. */
  authenticate(request: FastifyRequest): Promise<Caller>
  /** The JSON object of the body; an empty body is an empty object. Throws `invalid_request`. */
  readBody(request: FastifyRequest): Promise<Readonly<Record<string, unknown>>>
  /** The id of a key that is named by itself or by its id. */
  keyIdOf(key: string): string
}

const mostBytes = 1024 * 1024

export function createDesk(gateway: Gateway, digest: (key: string) => string): Desk {
  return {
    async authenticate({ raw }) {
      return authenticate(raw.headers, gateway.requireServing().keyring)
    },
    async readBody({ raw }) {
      const text = (await readBody(raw, mostBytes)).toString('utf8').trim()
      const value: unknown = text === '' ? {} : parse(text)
      if (isObject(value)) return value
      throw new GatewayError('invalid_request', 'Expected a JSON object as the body.')
    },
    keyIdOf: (key) => (/^[0-9a-f]{64}$/.test(key) ? key : digest(key)),
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new GatewayError('invalid_request', 'Invalid JSON payload: expected a JSON object.')
  }
}
