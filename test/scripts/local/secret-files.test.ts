import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { writeSecretFiles } from '../../../scripts/local/secret-files.ts'

let folder = ''
beforeEach(() => (folder = join(mkdtempSync(join(tmpdir(), 'secrets-')), 'secrets')))
afterEach(() => rmSync(join(folder, '..'), { recursive: true }))

test('each value is a file for its owner alone, an empty one is none', () => {
  writeSecretFiles(folder, { A_KEY: 'one', EMPTY: '' })
  expect(readdirSync(folder)).toEqual(['A_KEY'])
  expect(readFileSync(join(folder, 'A_KEY'), 'utf8')).toBe('one')
  expect(statSync(join(folder, 'A_KEY')).mode & 0o777).toBe(0o600)
  expect(statSync(folder).mode & 0o777).toBe(0o700)
})

test('a later writing changes what changed and removes what is gone', () => {
  writeSecretFiles(folder, { A: '1', B: '2', C: '3' })
  const before = statSync(join(folder, 'A')).mtimeMs
  writeSecretFiles(folder, { A: '1', B: 'two' })
  expect(readdirSync(folder)).toEqual(['A', 'B'])
  expect(readFileSync(join(folder, 'B'), 'utf8')).toBe('two')
  expect(statSync(join(folder, 'A')).mtimeMs).toBe(before)
})
