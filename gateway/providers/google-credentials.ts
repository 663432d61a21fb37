import { createHash, createPrivateKey, sign, type KeyObject } from 'node:crypto'

import { GatewayError } from '../errors/gateway-error.ts'
import { isObject } from '../../modules/json-object.ts'
import type { Credentials, Token, TokenAnswer, TokenRequest } from './credentials.ts'
import { countOf, textOf, type JsonObject } from './read-json.ts'
import { parseBody } from './read-upstream-error.ts'
import { withoutSecrets } from './without-secrets.ts'

const scope = 'https://www.googleapis.com/auth/cloud-platform'
const tokenUrl = 'https://oauth2.googleapis.com/token'
const lifeSeconds = 3600

/** Google's credentials out of the JSON file it gives: a service account's, or a person's made by `gcloud`. */
export function readGoogleCredentials(text: string): Credentials | { readonly fault: string } {
  const file = parsed(text)
  if (!isObject(file)) return { fault: 'expected the JSON of a service account, found other text' }
  if (file.type === 'service_account') return serviceAccount(file)
  if (file.type === 'authorized_user') return authorizedUser(file)
  const found = textOf(file.type)?.slice(0, 50) ?? 'no type'
  return { fault: `expected JSON of type service_account or authorized_user, found ${found}` }
}

function serviceAccount(file: JsonObject): Credentials | { readonly fault: string } {
  const { client_email: email, private_key: pem, private_key_id: keyId } = file
  const url = addressOf(file.token_uri)
  const key = keyOf(pem)
  if (typeof email !== 'string' || key === undefined)
    return { fault: 'expected client_email and private_key, in PEM, in the service account' }
  if (url === undefined) return { fault: 'expected an address as token_uri of the service account' }
  return {
    id: idOf([email, textOf(pem) ?? '', url]),
    secrets: [textOf(pem) ?? ''],
    ...projectOf(file.project_id),
    request: (nowMs) => {
      const nowSeconds = Math.floor(nowMs / 1000)
      const claims = { iss: email, scope, aud: url, iat: nowSeconds, exp: nowSeconds + lifeSeconds }
      return form(url, {
        grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
        assertion: signedAssertion(claims, key, textOf(keyId)),
      })
    },
    read: readToken,
  }
}

function authorizedUser(file: JsonObject): Credentials | { readonly fault: string } {
  const { client_id: id, client_secret: secret, refresh_token: refreshToken } = file
  const url = addressOf(file.token_uri)
  if (typeof id !== 'string' || typeof secret !== 'string' || typeof refreshToken !== 'string')
    return { fault: 'expected client_id, client_secret and refresh_token in the credentials' }
  if (url === undefined) return { fault: 'expected an address as token_uri of the credentials' }
  const fields = { client_id: id, client_secret: secret, refresh_token: refreshToken }
  return {
    id: idOf([id, secret, refreshToken, url]),
    secrets: [secret, refreshToken],
    ...projectOf(file.quota_project_id),
    request: () => form(url, { grant_type: 'refresh_token', ...fields }),
    read: readToken,
  }
}

function projectOf(written: unknown): Pick<Credentials, 'params'> {
  const project = textOf(written)
  return project === undefined ? {} : { params: { project } }
}

/** A signed statement of who asks, which Google takes for a token: a JWT by RS256. */
function signedAssertion(claims: JsonObject, key: KeyObject, keyId?: string): string {
  const header = { alg: 'RS256', typ: 'JWT', ...(keyId !== undefined && { kid: keyId }) }
  const said = [header, claims].map((part) => encoded(JSON.stringify(part))).join('.')
  return `${said}.${encoded(sign('RSA-SHA256', Buffer.from(said), key))}`
}

function encoded(value: string | Buffer): string {
  return Buffer.from(value).toString('base64url')
}

function form(url: string, fields: Readonly<Record<string, string>>): TokenRequest {
  return {
    url,
    headers: ['content-type', 'application/x-www-form-urlencoded', 'accept', 'application/json'],
    body: new URLSearchParams(fields).toString(),
  }
}

function readToken({ status, body }: TokenAnswer, nowMs: number): Token {
  const said = parseBody(body)
  const token = isObject(said) ? textOf(said.access_token) : undefined
  if (status >= 300 || !isObject(said)) throw refusal(status, said)
  if (token === undefined || !/^[\x21-\x7e]+$/.test(token))
    throw new GatewayError('upstream_nonsense', 'The token endpoint answered without a token.')
  const seconds = countOf(said.expires_in) ?? lifeSeconds
  return { headers: ['authorization', `Bearer ${token}`], expiresAtMs: nowMs + seconds * 1000 }
}

function refusal(status: number, said: unknown): GatewayError {
  const { error, error_description: description } = isObject(said) ? said : {}
  const why = withoutSecrets([textOf(error), textOf(description)].filter(Boolean).join(': '))
  if (status >= 500 || status === 429)
    return new GatewayError(
      'upstream_failed',
      'The server that hands out tokens for this model failed. Try again.',
      { cause: `token endpoint, status ${status}, ${why}` },
    )
  return new GatewayError(
    'upstream_refused_our_key',
    "The server that hands out tokens for this model refused this gateway's credentials. Set valid ones for the model; your own key is fine.",
    { cause: `token endpoint, status ${status}, ${why}` },
  )
}

function addressOf(written: unknown): string | undefined {
  const url = textOf(written) ?? tokenUrl
  return URL.canParse(url) && /^https?:$/.test(new URL(url).protocol) ? url : undefined
}

function keyOf(pem: unknown): KeyObject | undefined {
  try {
    const key = createPrivateKey(textOf(pem) ?? '')
    return key.asymmetricKeyType === 'rsa' ? key : undefined
  } catch {
    return undefined
  }
}

function idOf(parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex')
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
