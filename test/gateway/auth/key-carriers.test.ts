import { describe, expect, test } from 'vitest'

import { findCallerKey } from '../../../gateway/auth/key-carriers.ts'
import { authenticate, createKeyring, splitKeys } from '../../../gateway/auth/keyring.ts'
import { GatewayError } from '../../../gateway/errors/gateway-error.ts'

test.each([
  [{ authorization: 'Bearer k' }, 'k'],
  [{ authorization: 'bearer  k ' }, 'k'],
  [{ 'x-api-key': 'k' }, 'k'],
  [{ 'api-key': 'k' }, 'k'],
  [{ 'x-goog-api-key': 'k' }, 'k'],
  [{ 'x-litellm-api-key': 'Bearer k' }, 'k'],
  [{ 'x-api-key': '', authorization: 'Bearer k' }, 'k'],
  [{ 'x-api-key': 'other', authorization: 'Bearer own' }, 'own'],
  [{ authorization: 'Bearer ' }, ''],
  [{}, undefined],
  [{ authorization: '' }, undefined],
])('%j carries %s', (headers, key) => {
  expect(findCallerKey(headers)).toBe(key)
})

test.each(['Basic eDp5', 'k', 'Bearer'])('the authorization %j is malformed', (authorization) => {
  expect(() => findCallerKey({ authorization })).toThrow(/Malformed API Key/)
})

test('a header of the module’s own comes first', () => {
  const headers = { 'x-my-key': 'Bearer mine', authorization: 'Bearer other' }
  expect(findCallerKey(headers, 'X-My-Key')).toBe('mine')
})

describe('a keyring', () => {
  const ring = createKeyring(splitKeys(' one , two,,'))
  const caller = async (key: string) => authenticate({ authorization: `Bearer ${key}` }, ring)

  test('takes any of its keys and no other', async () => {
    expect((await caller('one')).isMaster).toBe(true)
    expect((await caller('two')).isMaster).toBe(true)
    for (const wrong of ['on', 'one,two', 'One', 'three', '', 'o'.repeat(300)])
      await expect(caller(wrong)).rejects.toThrow(GatewayError)
  })

  test('knows its master keys at once', () => {
    expect(authenticate({ authorization: 'Bearer one' }, ring)).not.toBeInstanceOf(Promise)
  })

  test('an empty one is open, and nobody in it is master', () => {
    expect(authenticate({}, createKeyring([]))).toEqual({ id: 'open', isMaster: false })
  })

  test('says neither key nor caller', async () => {
    const refusal: unknown = await caller('sk-my-own-secret').catch((error: unknown) => error)
    expect(String(refusal)).toMatch(/Invalid API key provided/)
    expect(String(refusal)).not.toContain('sk-my-own-secret')
    expect((await caller('one')).id).not.toContain('one')
  })
})
