import type { DeploymentParams, SigningKeys } from '../../modules/module.ts'
import type { Provider } from '../providers/provider.ts'
import type { Signing } from '../providers/signing.ts'
import { firstOf, type ParamSources } from './vendor-params.ts'

/** The keys that sign a deployment's calls: its own, else the environment's; undefined where none sign, or what is missing. */
export function findSigningKeys(
  own: DeploymentParams,
  { signing, keyVariables }: Provider,
  { findVariable }: ParamSources,
): SigningKeys | { readonly fault: string } | undefined {
  if (!signing || own.apiKey !== undefined) return undefined
  if (own.signingKeys) return pairOf(own.signingKeys, signing.names)
  // A key that is shown goes to the vendor alone; a signature tells nobody anything.
  if (own.apiBase === undefined && firstOf(keyVariables, findVariable) !== undefined)
    return undefined
  const { accessKeyId, secretAccessKey, sessionToken } = signing.variables
  const found = keysOf(
    firstOf(accessKeyId, findVariable),
    firstOf(secretAccessKey, findVariable),
    firstOf(sessionToken, findVariable),
  )
  if (found.accessKeyId === undefined && found.secretAccessKey === undefined) return undefined
  return pairOf(found, {
    accessKeyId: accessKeyId.join(' or '),
    secretAccessKey: secretAccessKey.join(' or '),
    sessionToken: sessionToken.join(' or '),
  })
}

function keysOf(id?: string, secret?: string, token?: string): Partial<SigningKeys> {
  return {
    ...(id !== undefined && { accessKeyId: id }),
    ...(secret !== undefined && { secretAccessKey: secret }),
    ...(token !== undefined && { sessionToken: token }),
  }
}

function pairOf(
  keys: Partial<SigningKeys>,
  names: Signing['names'],
): SigningKeys | { fault: string } {
  const { accessKeyId, secretAccessKey, sessionToken } = keys
  if (accessKeyId === undefined)
    return { fault: `${names.accessKeyId}: none given, and ${names.secretAccessKey} needs it` }
  if (secretAccessKey === undefined)
    return { fault: `${names.secretAccessKey}: none given, and ${names.accessKeyId} needs it` }
  const bad = Object.entries(keys).find(([, value]) => !/^[\x21-\x7e]+$/.test(value))
  if (bad)
    return { fault: 'a key that signs calls holds blanks or characters that no header may carry' }
  return { accessKeyId, secretAccessKey, ...(sessionToken !== undefined && { sessionToken }) }
}
