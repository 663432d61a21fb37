import { createHmac } from 'node:crypto'
import { expect, test } from 'vitest'

import {
  createDigest,
  createVirtualKey,
  isVirtualKey,
  nameOf,
} from '../../../gateway/auth/virtual-key.ts'

test('a new key is sk- and 32 random bytes, and never the same twice', () => {
  const keys = Array.from({ length: 100 }, createVirtualKey)
  for (const key of keys) expect(key).toMatch(/^sk-[\w-]{43}$/)
  expect(new Set(keys).size).toBe(100)
  expect(keys.every(isVirtualKey)).toBe(true)
})

test('of a key its last four characters are shown', () => {
  expect(nameOf('sk-abcdefghijklaB3d')).toBe('sk-...aB3d')
})

test.each(['salt', 's'.repeat(64), 's'.repeat(65), 'sälz'.repeat(20)])(
  'a digest under %j is the HMAC that any other program makes',
  (salt) => {
    const digestOf = createDigest(salt)
    for (const key of ['sk-a', createVirtualKey(), `sk-${'k'.repeat(253)}`, 'sk-short-again'])
      expect(digestOf(key)).toBe(createHmac('sha256', salt).update(key).digest('hex'))
  },
)

test.each(['', 'sk-', 'pk-abc', 'sk-with space', 'sk-ümlaut', `sk-${'k'.repeat(254)}`])(
  '%j is no virtual key',
  (key) => expect(isVirtualKey(key)).toBe(false),
)
