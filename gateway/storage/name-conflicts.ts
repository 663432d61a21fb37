import { GatewayError } from '../errors/gateway-error.ts'
import { codeOf } from './error-code.ts'

const conflicts: Readonly<Record<string, readonly [message: string, param: string]>> = {
  keys_pkey: ['This key exists already: give another `key`, or none to have one made.', 'key'],
  keys_alias_key: [
    'Unique key aliases across all keys are required, and a key with this key_alias exists already.',
    'key_alias',
  ],
  users_email: ['A user with this user_email exists already.', 'user_email'],
}

/** A name that is taken is the caller's to change; the transaction is undone all the same. */
export function refuseConflict(cause: unknown): never {
  const code = codeOf(cause)
  if (code === '23505') {
    const name: unknown = Reflect.get(Object(cause), 'constraint')
    const [message, param] = conflicts[String(name)] ?? ['This name is taken already.', 'id']
    throw new GatewayError('invalid_request', message, { param, cause })
  }
  if (code === '23503') {
    throw new GatewayError(
      'invalid_request',
      'What this refers to (a team, user or budget) was deleted meanwhile: ask again.',
      { cause },
    )
  }
  throw cause
}
