import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import type { Credentials } from '../../../gateway/providers/credentials.ts'
import { readGoogleCredentials } from '../../../gateway/providers/google-credentials.ts'

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const pem = privateKey.export({ type: 'pkcs8', format: 'pem' })
const account = {
  type: 'service_account',
  project_id: 'my-project',
  private_key_id: 'key-1',
  private_key: pem,
  client_email: 'robot@my-project.iam.gserviceaccount.com',
  token_uri: 'https://oauth2.googleapis.com/token',
}
const nowMs = 1_760_000_000_500

function credentialsOf(file: unknown): Credentials {
  const read = readGoogleCredentials(JSON.stringify(file))
  if ('fault' in read) throw new Error(read.fault)
  return read
}

function decoded(part: string | undefined): unknown {
  return JSON.parse(Buffer.from(part ?? '', 'base64url').toString('utf8'))
}

test('a service account signs for an hour, and its key proves it', () => {
  const { url, headers, body } = credentialsOf(account).request(nowMs)
  expect(url).toBe('https://oauth2.googleapis.com/token')
  expect(headers).toContain('application/x-www-form-urlencoded')
  const form = new URLSearchParams(body)
  expect(form.get('grant_type')).toBe('urn:ietf:params:oauth:grant-type:jwt-bearer')
  const [header, claims, signature = ''] = form.get('assertion')?.split('.') ?? []
  expect(decoded(header)).toEqual({ alg: 'RS256', typ: 'JWT', kid: 'key-1' })
  expect(decoded(claims)).toEqual({
    iss: account.client_email,
    scope: 'https://www.googleapis.com/auth/cloud-platform',
    aud: account.token_uri,
    iat: 1_760_000_000,
    exp: 1_760_003_600,
  })
  const said = Buffer.from(`${header}.${claims}`)
  const key = createPublicKey(publicKey.export({ type: 'spki', format: 'pem' }))
  expect(verify('RSA-SHA256', said, key, Buffer.from(signature, 'base64url'))).toBe(true)
})

test('it tells its project, and its key is a secret', () => {
  const { params, secrets } = credentialsOf(account)
  expect(params).toEqual({ project: 'my-project' })
  expect(secrets).toEqual([pem])
})

test("a person's credentials hand in their refresh token", () => {
  const { request, secrets } = credentialsOf({
    type: 'authorized_user',
    client_id: 'id',
    client_secret: 'a secret',
    refresh_token: '1//refresh',
  })
  const { url, body } = request(nowMs)
  expect(url).toBe('https://oauth2.googleapis.com/token')
  expect(Object.fromEntries(new URLSearchParams(body))).toEqual({
    grant_type: 'refresh_token',
    client_id: 'id',
    client_secret: 'a secret',
    refresh_token: '1//refresh',
  })
  expect(secrets).toEqual(['a secret', '1//refresh'])
})

test('the same credentials share a token, others do not', () => {
  const other = { ...account, client_email: 'other@my-project.iam.gserviceaccount.com' }
  expect(credentialsOf(account).id).toBe(credentialsOf({ ...account }).id)
  expect(credentialsOf(account).id).not.toBe(credentialsOf(other).id)
})

describe('what is no credentials is named', () => {
  test.each([
    ['hello', /JSON of a service account/],
    ['[]', /JSON of a service account/],
    ['{}', /found no type/],
    ['{"type":"external_account"}', /found external_account/],
    [JSON.stringify({ ...account, private_key: 'PEM' }), /private_key, in PEM/],
    [JSON.stringify({ ...account, client_email: undefined }), /client_email/],
    [JSON.stringify({ ...account, token_uri: 'file:///etc/passwd' }), /token_uri/],
    ['{"type":"authorized_user","client_id":"a"}', /refresh_token/],
  ])('%s', (text, fault) => {
    const read = readGoogleCredentials(text)
    expect('fault' in read && read.fault).toMatch(fault)
    expect(JSON.stringify(read)).not.toContain('PRIVATE')
  })

  test('and never a crash', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        expect(readGoogleCredentials(text)).toHaveProperty('fault')
      }),
    )
  })
})

describe('the answer of the token endpoint', () => {
  const { read } = credentialsOf(account)
  const answer = (status: number, body: unknown) => ({
    status,
    body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
  })

  test('is a token that runs out', () => {
    const said = { access_token: 'ya29.abc', expires_in: 3599, token_type: 'Bearer' }
    expect(read(answer(200, said), nowMs)).toEqual({
      headers: ['authorization', 'Bearer ya29.abc'],
      expiresAtMs: nowMs + 3_599_000,
    })
  })

  test.each([
    [400, { error: 'invalid_grant', error_description: 'Invalid JWT' }, 'upstream_refused_our_key'],
    [401, 'no', 'upstream_refused_our_key'],
    [429, {}, 'upstream_failed'],
    [503, '<html>', 'upstream_failed'],
    [200, {}, 'upstream_nonsense'],
    [200, { access_token: 'a\r\nx: y' }, 'upstream_nonsense'],
  ])('%d %j is an error: %s', (status, body, code) => {
    expect(() => read(answer(status, body), nowMs)).toThrow(expect.objectContaining({ code }))
  })
})
