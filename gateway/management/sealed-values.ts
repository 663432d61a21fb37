import type { Sealer } from '../auth/seal.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import type { Gateway } from '../endpoints/gateway.ts'

const longest = 64 * 1024

/** What seals provider keys in the database. Throws `not_ready` where there is no sound salt key to do it. */
export function requireSealer({ configuration, stored }: Gateway): Sealer {
  const { sealer } = configuration
  if (sealer === undefined) {
    throw new GatewayError(
      'not_ready',
      'Provider keys are sealed before they are stored, and LITELLM_SALT_KEY is not set: set it to a long random key, the same for every module.',
    )
  }
  if (stored.saltState === 'changed') throw new GatewayError('not_ready', stored.saltWords)
  return sealer
}

/** JSON, sealed. Throws `invalid_request` where it is too long. */
export function sealValues(
  values: Readonly<Record<string, unknown>>,
  about: string,
  sealer: Sealer,
): string {
  const text = JSON.stringify(values)
  if (text.length <= longest) return sealer.seal(text, about)
  throw new GatewayError('invalid_request', `Expected at most ${longest / 1024} kB of parameters.`)
}

const open = new Set([
  'model',
  'api_base',
  'base_url',
  'api_version',
  'custom_llm_provider',
  'organization',
  'region_name',
  'aws_region_name',
  'vertex_project',
  'vertex_location',
  'litellm_credential_name',
])

/** Values as people may see them: those that could hold a secret as stars. */
export function maskedValues(values: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, isOpen(name, value) ? value : '****']),
  )
}

function isOpen(name: string, value: unknown): boolean {
  return open.has(name) || (typeof value !== 'string' && typeof value !== 'object')
}

// What opens the gateway itself, and its database, is no business of a model.
const ownVariable =
  /(MASTER_KEY|SALT_KEY|DATABASE|PASSWORD|REDIS|SECRETS_DIR|_FILE$|^(HOST|PORT|PATH|HOME)$)/i

/** Throws `invalid_request` for a value that would read a variable of the gateway's own. */
export function refuseOwnVariables(values: unknown, at: string): void {
  if (typeof values === 'string') {
    const names = [...values.matchAll(/os\.environ\/(\w+)|\$\{(\w+)/g)].map(
      ([, first, second]) => first ?? second ?? '',
    )
    const own = names.find((name) => ownVariable.test(name))
    if (own === undefined) return
    throw new GatewayError(
      'invalid_request',
      `${at}: ${own} belongs to the gateway itself and is not given to models; name a provider's variable, or write the value.`,
      { param: at },
    )
  }
  if (values === null || typeof values !== 'object') return
  for (const [name, value] of Object.entries(values)) refuseOwnVariables(value, `${at}.${name}`)
}

/** Two changes at once: the second would undo the first. */
export function overtaken(what: string): GatewayError {
  return new GatewayError(
    'invalid_request',
    `${what} was changed or deleted by somebody else at the same time: look at it, and ask again.`,
  )
}
