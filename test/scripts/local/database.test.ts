import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { startDatabase } from '../../../scripts/local/database.ts'

let stateDir = ''
const said: string[] = []

beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'database-'))
  said.length = 0
})
afterEach(() => rmSync(stateDir, { recursive: true }))

const options = (findVariable: (name: string) => string | undefined) => ({
  root: join(import.meta.dirname, '..', '..', '..'),
  stateDir,
  findVariable,
  say: (line: string) => void said.push(line),
})

test("a Postgres of the user's own is taken as it is, and none is started", async () => {
  const database = await startDatabase(
    options(() => 'postgres://own/db'),
    ['llm'],
  )
  expect(database.urlFor('llm')).toBe('postgres://own/db')
  expect(readdirSync(stateDir)).toEqual([])
})

test('without one the fleet goes on, and it is said where usage goes', async () => {
  mkdirSync(join(stateDir, 'postgres'))
  writeFileSync(join(stateDir, 'postgres', 'somebody'), 'else')
  const database = await startDatabase(
    options(() => undefined),
    ['llm'],
  )
  expect(database.urlFor('llm')).toBeUndefined()
  expect(database.usageGoes).toContain('not recorded')
  expect(said.join('\n')).toContain(join(stateDir, 'postgres'))
})
