import { authenticate, type Keyring } from '../auth/keyring.ts'
import { weaknessOf } from '../auth/weak-key.ts'
import type { Gateway } from '../endpoints/gateway.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import type { House } from './ask.ts'
import type { Desk } from './desk.ts'

/** What the operations know of the gateway, as it serves now. */
export function createHouse(gateway: Gateway, desk: Desk): House {
  const { keyring, module, router } = gateway.requireServing()
  return {
    newKeyId: (key) => desk.keyIdOf(key),
    keyIdsOf: (key) => desk.keyIdsOf(key),
    requireKeys() {
      if (gateway.stored.saltState === 'changed')
        throw new GatewayError('not_ready', gateway.stored.saltWords)
      if (keyring.virtual) return
      throw new GatewayError(
        'not_ready',
        'Virtual keys are off: they are kept under a salt key, and none is set. Set SALT_KEY (or LITELLM_SALT_KEY) to a long random text, such as `openssl rand -hex 32` makes, and never change it.',
      )
    },
    requireFreeKey(key) {
      if (isMasterKey(key, keyring)) throw unfitKey('one of the master keys')
      const weakness = weaknessOf(key)
      // The shape was looked at: what is short is long enough for LiteLLM.
      if (weakness !== undefined && !weakness.startsWith('shorter')) throw unfitKey(weakness)
    },
    now: () => Date.now(),
    timeZone: module.general.timeZone,
    modelNames: router.listed.map(({ id }) => id),
    moduleNames: [module.name, ...module.fleet.map((member) => member.module)],
  }
}

function isMasterKey(key: string, { keys }: Keyring): boolean {
  if (keys.length === 0) return false
  try {
    const keyring = { keys, headerName: undefined, virtual: undefined }
    void authenticate({ authorization: `Bearer ${key}` }, keyring)
    return true
  } catch {
    return false
  }
}

function unfitKey(what: string): GatewayError {
  return new GatewayError(
    'invalid_request',
    `This key is ${what}: give another one, or none to have one made.`,
    { param: 'key' },
  )
}
