import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createSealer, saltIdOf, SealError, sealedUnder } from '../../../gateway/auth/seal.ts'

const salt = 'a-salt-key-that-is-long-enough-to-be-one'
const other = 'another-salt-key-that-is-as-long-as-that'

test('what is sealed is opened again, whatever it is, and never sealed twice alike', () => {
  const sealer = createSealer([salt])
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string(), (text, about) => {
      const sealed = sealer.seal(text, about)
      expect(sealer.open(sealed, about)).toBe(Buffer.from(text).toString('utf8'))
      expect(sealer.seal(text, about)).not.toBe(sealed)
    }),
    { numRuns: 200 },
  )
})

test('a row that is changed anywhere, or stands in for another, is not opened', () => {
  const sealer = createSealer([salt])
  const sealed = sealer.seal('sk-secret', 'credential a')
  expect(() => sealer.open(sealed, 'credential b')).toThrow(/moved here/)
  for (let at = 0; at < sealed.length; at += 1) {
    const changed = `${sealed.slice(0, at)}${sealed[at] === 'A' ? 'B' : 'A'}${sealed.slice(at + 1)}`
    // The last letter of base64 may hold spare bits alone.
    if (at === sealed.length - 1) continue
    expect(() => sealer.open(changed, 'credential a'), changed).toThrow(SealError)
  }
  for (const broken of ['', 'v1', 'v1::', `v1:${sealer.id}:`, `v1:${sealer.id}:AAAA`, 'plain'])
    expect(() => sealer.open(broken, 'credential a'), broken).toThrow(SealError)
})

test('a new salt key opens what former ones sealed, as long as they stand behind it', () => {
  const sealed = createSealer([other]).seal('x', 'y')
  expect(createSealer([salt, other]).open(sealed, 'y')).toBe('x')
  expect(createSealer([salt, other]).id).toBe(saltIdOf(salt))
  expect(() => createSealer([salt]).open(sealed, 'y')).toThrow(
    new RegExp(`under the salt key ${saltIdOf(other)}.*LITELLM_SALT_KEY`),
  )
  expect(sealedUnder(sealed)).toBe(saltIdOf(other))
  expect(sealedUnder('x')).toBeUndefined()
})

test('neither a name nor a sealed text holds anything of the key', () => {
  const { id, seal } = createSealer([salt])
  for (const shown of [id, seal(salt, 'x')]) expect(shown).not.toContain(salt.slice(0, 6))
})
