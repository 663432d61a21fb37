import { describe, expect, test } from 'vitest'

import { signatureOf } from '../../../gateway/providers/bedrock-sign.ts'
import type { FinishedCall } from '../../../gateway/providers/signing.ts'

// The pair of keys, the moment and the signatures of AWS's published test suite for Signature Version 4.
const keys = {
  accessKeyId: 'AKIDEXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
}
const nowMs = Date.UTC(2015, 7, 30, 12, 36, 0)
const scope = { region: 'us-east-1', service: 'service' }

function callOf(call: Partial<FinishedCall> = {}): FinishedCall {
  const host = 'example.amazonaws.com'
  return { method: 'GET', host, path: '/', headers: [], body: new Uint8Array(), ...call }
}

function signed(call: Partial<FinishedCall>, more: { sessionToken?: string } = {}) {
  const flat = signatureOf(callOf(call), nowMs, { ...keys, ...more }, scope)
  return Object.fromEntries(
    flat.flatMap((name, at) => (at % 2 === 0 ? [[name, flat[at + 1] ?? '']] : [])),
  )
}

const form = ['Content-Type', 'application/x-www-form-urlencoded']

test.each<[string, Partial<FinishedCall>, string, string]>([
  [
    'get-vanilla',
    {},
    'host;x-amz-date',
    '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31',
  ],
  [
    'post-vanilla',
    { method: 'POST' },
    'host;x-amz-date',
    '5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b',
  ],
  [
    'get-vanilla-query-order-key-case',
    { path: '/?Param2=value2&Param1=value1' },
    'host;x-amz-date',
    'b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500',
  ],
  [
    'post-x-www-form-urlencoded',
    { method: 'POST', headers: form, body: Buffer.from('Param1=value1') },
    'content-type;host;x-amz-date',
    'ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a',
  ],
])('%s of the published test suite', (_, call, headers, signature) => {
  const credential = 'AKIDEXAMPLE/20150830/us-east-1/service/aws4_request'
  expect(signed(call)).toEqual({
    authorization: `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=${headers}, Signature=${signature}`,
    'x-amz-date': '20150830T123600Z',
  })
})

test('a token of lent keys goes along and is signed', () => {
  expect(signed({}, { sessionToken: 'lent' })).toMatchObject({
    'x-amz-security-token': 'lent',
    authorization: expect.stringContaining('host;x-amz-date;x-amz-security-token'),
  })
})

describe('a signature differs', () => {
  const plain = () => signed({ method: 'POST', path: '/model/a%3A0/converse' })
  test.each<[string, Partial<FinishedCall>]>([
    ['body', { body: Buffer.from('{}') }],
    ['path', { path: '/model/a%3A1/converse' }],
    ['escaped path', { path: '/model/a:0/converse' }],
    ['host', { host: 'example.amazonaws.com:8443' }],
    ['header', { headers: ['x-amzn-bedrock-trace', 'ENABLED'] }],
  ])('with the %s', (_, change) => {
    const { authorization } = plain()
    const path = '/model/a%3A0/converse'
    const other = signed({ method: 'POST', path, ...change })
    expect(other.authorization).not.toBe(authorization)
  })

  test('not with what stands on the way', () => {
    const headers = ['user-agent', 'x', 'connection', 'close', 'authorization', 'other']
    const path = '/model/a%3A0/converse'
    expect(signed({ method: 'POST', path, headers })).toEqual(plain())
  })
})

test('a path that nobody can read is the fault of who wrote it', () => {
  expect(() => signed({ path: '/%zz|' })).toThrow(expect.objectContaining({ status: 400 }))
})
