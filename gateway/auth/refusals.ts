import { GatewayError } from '../errors/gateway-error.ts'

/** A key that is none. */
export function unknownKey(
  hint = "Use a key of /key/generate, or this module's master key.",
): GatewayError {
  return new GatewayError(
    'invalid_api_key',
    `Authentication Error, Invalid API key provided. ${hint}`,
  )
}

/** A key that is not to be used just now. `what`: `key`, `team research`. */
export function isBlocked(what: string): GatewayError {
  const whatever = what.charAt(0).toUpperCase() + what.slice(1)
  const [kind] = what.split(' ')
  return new GatewayError(
    'invalid_api_key',
    `Authentication Error, ${whatever} is blocked. An admin can lift that by /${kind}/${kind === 'user' ? 'update' : 'unblock'}.`,
  )
}

/** A key whose time is over. */
export function hasExpired(expiredAtMs: number): GatewayError {
  return new GatewayError(
    'invalid_api_key',
    `Authentication Error - Expired Key. Key Expiry time ${new Date(expiredAtMs).toISOString()}. Ask for a new one.`,
  )
}
