import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ensureEnvFile, exampleEnvText } from '../../infra/env-file.ts'

function module(name: string, variables: readonly string[] = [], secrets: readonly string[] = []) {
  return {
    name,
    variables: variables.map((variable) => ({ name: variable, path: '', hasDefault: false })),
    deploy: { replicas: 1, resources: { requests: {}, limits: {} }, secrets },
  }
}

const fleet = { modules: [module('image-gen'), module('llm', ['OPENAI_API_KEY', 'BACKEND_HOST'])] }

let root = ''
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'colonnade-env-'))
})
afterEach(() => rmSync(root, { recursive: true }))

const read = () => readFileSync(join(root, '.env'), 'utf8')

test('a first file holds strong keys of every module, for its owner alone', () => {
  const { values, created, added } = ensureEnvFile(root, fleet)
  expect(created).toBe(true)
  expect(added).toContain('IMAGE_GEN_MASTER_KEY')
  expect(values['IMAGE_GEN_MASTER_KEY']).toMatch(/^sk-[\w-]{43}$/)
  expect(values['LLM_MASTER_KEY']).not.toBe(values['IMAGE_GEN_MASTER_KEY'])
  expect(values['LLM_DATABASE_PASSWORD']).toMatch(/^[\w-]{43}$/)
  expect(values['POSTGRES_PASSWORD']).toMatch(/^[\w-]{43}$/)
  expect(values['SALT_KEY']).toMatch(/^[\w-]{43}$/)
  expect(statSync(join(root, '.env')).mode & 0o777).toBe(0o600)
})

test('a vendor variable gets an empty line, the workload’s own none', () => {
  expect(ensureEnvFile(root, fleet).values['OPENAI_API_KEY']).toBe('')
  expect(read()).not.toContain('BACKEND_HOST')
})

test('a variable with a default is asked for only when it sounds secret', () => {
  const variables = ['OLLAMA_URL', 'GROQ_API_KEY'].map((name) => ({
    name,
    path: '',
    hasDefault: true,
  }))
  const text = exampleEnvText({ modules: [{ ...module('llm'), variables }] })
  expect(text).toContain('GROQ_API_KEY=')
  expect(text).not.toContain('OLLAMA_URL')
})

test('a second run changes nothing', () => {
  ensureEnvFile(root, fleet)
  const before = read()
  expect(ensureEnvFile(root, fleet)).toMatchObject({ created: false, added: [], asked: [] })
  expect(read()).toBe(before)
})

test('what is missing is added, and every other byte stays', () => {
  const mine =
    '# mine\r\nexport LLM_MASTER_KEY="sk-mine"\r\nodd line\r\nSALT_KEY=\r\nOTHER=1 # x\r\n'
  writeFileSync(join(root, '.env'), mine)
  const { values, created, added, asked } = ensureEnvFile(root, fleet)
  expect(created).toBe(false)
  expect(values).toMatchObject({ LLM_MASTER_KEY: 'sk-mine', OTHER: '1' })
  expect(added).not.toContain('LLM_MASTER_KEY')
  expect(added).toContain('SALT_KEY')
  expect(asked).toEqual(['OPENAI_API_KEY'])
  const filled = mine.replace('SALT_KEY=', `SALT_KEY=${values['SALT_KEY']}`)
  expect(read().startsWith(filled)).toBe(true)
  expect(read().replaceAll('\r\n', '')).not.toContain('\n')
})

test('a sixth module adds its own keys and touches no other', () => {
  const before = ensureEnvFile(root, fleet).values
  const grown = { modules: [...fleet.modules, module('rerank', [], ['COHERE_API_KEY'])] }
  const after = ensureEnvFile(root, grown)
  expect(after.added).toEqual(['RERANK_MASTER_KEY', 'RERANK_DATABASE_PASSWORD'])
  expect(after.asked).toEqual(['COHERE_API_KEY'])
  expect(after.values).toMatchObject(before)
})

test('a master key stays empty where the operator opens the module', () => {
  const open = 'LITELLM_DANGEROUSLY_PERMIT_WEAK_OR_UNSET_MASTER_KEY=true\nLLM_MASTER_KEY=\n'
  writeFileSync(join(root, '.env'), open)
  const { values } = ensureEnvFile(root, fleet)
  expect(values['LLM_MASTER_KEY']).toBe('')
  expect(values['IMAGE_GEN_MASTER_KEY']).toMatch(/^sk-/)
})

test('an address is asked for where Postgres is the operator’s own', () => {
  const external = { ...fleet, platform: { postgres: { mode: 'external' } } }
  ensureEnvFile(root, fleet)
  expect(ensureEnvFile(root, external).asked).toEqual(['DATABASE_URL'])
  expect(read()).toContain('# platform.yaml asks for it; for you to fill.\nDATABASE_URL=\n')
})
