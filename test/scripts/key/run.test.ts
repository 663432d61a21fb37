import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'

import { runKey } from '../../../scripts/key/run.ts'
import { findFreePort } from '../../doubles/free-port.ts'
import {
  startManaged,
  twoModels,
  type ManagedGateway,
} from '../../gateway/management/managed-gateway.ts'

let managed: ManagedGateway
const root = mkdtempSync(path.join(tmpdir(), 'colonnade-key-'))

beforeAll(async () => {
  const port = await findFreePort(31_000, 32_700)
  managed = await startManaged(twoModels, { PORT: `${port}` })
  mkdirSync(path.join(root, 'modules'))
  const model = '{model_name: m, litellm_params: {model: openai/m}}'
  writeFileSync(
    path.join(root, 'modules/llm.yaml'),
    `deploy: {node_port: ${port}}\nmodel_list: [${model}]\n`,
  )
  writeFileSync(path.join(root, '.env'), `LLM_MASTER_KEY=${managed.gateway.key}\n`)
})
afterAll(async () => {
  await managed?.close()
  rmSync(root, { recursive: true, force: true })
})

/** What `npm run key -- <words>` prints and complains about, asked of the test's gateway. */
async function key(...words: string[]) {
  return keyAt(['--url', managed.gateway.url, '--module', 'llm'], ...words)
}

async function keyAt(where: string[], ...words: string[]) {
  const out: string[] = []
  const complaints: string[] = []
  const terminal = {
    root,
    env: {},
    print: (line: string) => void out.push(line),
    complain: (line: string) => void complaints.push(line),
  }
  const code = await runKey([...words, ...where], terminal)
  return { code, out: out.join('\n'), complaints: complaints.join('\n') }
}

test('a key is made with a team and limits, shown once, and never again', async () => {
  const limits = ['--budget', '5usd/month', '--rpm', '60', '--models', 'gpt-*', '--expires', '30d']
  const made = await key('new', '--name', 'ci', '--team', 'research', ...limits)
  expect(made.code).toBe(0)
  const raw = /sk-[\w-]{43}/.exec(made.out)?.[0] ?? ''
  expect(made.out).toContain('$0 of $5 per 1mo')
  expect(made.out).toContain('the only time it is shown')
  expect(made.complaints).toContain('the team research did not exist')

  for (const words of [
    ['list'],
    ['info', 'ci'],
    ['info', raw],
    ['info', raw, '--json'],
    ['block', raw],
  ]) {
    const told = await key(...words)
    expect([words, told.code, told.out.includes(raw)]).toEqual([words, 0, false])
  }
  expect((await key('list')).out).toMatch(
    /^ci +research .*blocked +\$0 of \$5 per 1mo +60 rpm +gpt-\*$/m,
  )
  expect((await key('update', 'ci', '--rpm', 'none', '--budget', '7usd/day')).out).toContain(
    '$0 of $7 per 1d',
  )
  const replaced = await key('replace', 'ci', '--grace', '1h')
  expect(replaced.out).toContain('works for another 1h')
  expect(replaced.out).not.toContain(raw)
  expect(await key('delete', 'ci')).toMatchObject({ code: 0 })
  expect(await key('info', 'ci')).toMatchObject({
    code: 1,
    complaints: expect.stringContaining('There is no key of the name ci'),
  })
})

test('teams are made, filled, listed and deleted', async () => {
  expect(await key('team', 'new', 'blue', '--budget', '50usd/month')).toMatchObject({ code: 0 })
  const added = await key('team', 'add', 'blue', '--user', 'ann@example.com', '--role', 'admin')
  expect(added.out).toMatch(/ann@example.com +admin/)
  await key('new', '--team', 'blue')
  expect((await key('team', 'list')).out).toMatch(
    /^blue .*active +\$0 of \$50 per 1mo +1 +1 +all$/m,
  )
  expect((await key('team', 'info', 'blue')).out).toContain('1 key')
  expect((await key('team', 'delete', 'blue')).out).toBe('Deleted 1 team, and 1 key with it.')
})

test('what the gateway refuses is told in its words', async () => {
  expect(await key('new', '--name', 'a\nb')).toMatchObject({
    code: 1,
    complaints: expect.stringContaining('key_alias: expected text'),
  })
  const file = path.join(root, 'wrong-key')
  writeFileSync(file, 'sk-this-is-not-the-master-key\n')
  const wrong = await keyAt(['--url', managed.gateway.url, '--master-key-file', file], 'list')
  expect(wrong).toMatchObject({
    code: 1,
    complaints: expect.stringContaining('is not the one that'),
  })
})

test('a module that runs on this machine is found by itself, with its key', async () => {
  expect(await keyAt([], 'list')).toMatchObject({ code: 0, complaints: '' })
  expect(await keyAt(['--module', 'llm'], 'list')).toMatchObject({ code: 0 })
})

test('where there is no gateway, or no key for it, it is said what to do', async () => {
  expect(await keyAt(['--url', 'http://127.0.0.1:9', '--module', 'llm'], 'list')).toMatchObject({
    code: 1,
    complaints: expect.stringContaining('does not answer'),
  })
  expect(await keyAt(['--url', 'http://127.0.0.1:9'], 'list')).toMatchObject({
    code: 2,
    complaints: expect.stringContaining('--master-key-file'),
  })
  expect(await keyAt(['--module', 'lmm'], 'list')).toMatchObject({
    code: 2,
    complaints: expect.stringContaining('Did you mean llm?'),
  })
})

test('what hangs on which salt key is told, and moved', async () => {
  await key('new', '--name', 'salted')
  const told = await key('salt')
  expect(told.code).toBe(0)
  expect(told.out).toMatch(/[0-9a-f]{16} {2}[1-9]\d* keys, models and credentials.*the present one/)
  const moved = await key('rotate-salt')
  expect(moved.code).toBe(0)
  expect(moved.out).toMatch(/^0 of the stored models/)
})
