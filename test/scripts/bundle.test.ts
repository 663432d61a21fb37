import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { bundle, bundleGateway } from '../../scripts/image/bundle.ts'
import { answerChat, createFakeUpstream, streamChat } from '../doubles/fake-upstream.ts'
import { deployment, startGatewayProcess, until } from '../doubles/gateway.ts'
import { createTestPostgres } from '../doubles/postgres.ts'

const root = dirname(dirname(import.meta.dirname))

// Far from any node_modules.
let folder: string
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'colonnade-bundle-'))
  await bundleGateway(root, folder)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('serves: a chat, a stream, another dialect, its metrics, and its usage is in the database', async () => {
  const upstream = await createFakeUpstream()
  const postgres = await createTestPostgres()
  const database = await postgres.createDatabase()
  const gateway = await startGatewayProcess({
    program: join(folder, 'main.mjs'),
    config: {
      model_list: [deployment('m', upstream.url, { base_model: 'gpt-4o' })],
    },
    env: { DATABASE_URL: database.url },
  })
  try {
    await gateway.untilReady()
    const messages = [{ role: 'user' as const, content: 'hi' }]
    upstream.script(answerChat())
    const chat = await gateway.client.chat.completions.create({ model: 'm', messages })
    expect(chat.model).toBe('m')
    upstream.script(streamChat())
    const stream = await gateway.client.chat.completions.create({
      model: 'm',
      messages,
      stream: true,
    })
    let text = ''
    for await (const { choices } of stream) text += choices[0]?.delta.content ?? ''
    expect(text).not.toBe('')
    upstream.script(answerChat())
    const answer = await gateway.post('/v1/messages', { model: 'm', messages, max_tokens: 5 })
    expect(await answer.json()).toMatchObject({ type: 'message', role: 'assistant' })
    expect(await gateway.metric('litellm_requests_total', { model: 'm' })).toBe(3)
    const stored = () =>
      database.query('select cost_nano::float8 as cost from colonnade.spend_logs')
    // It serves while its migrations still run.
    await until(async () => (await stored().catch(() => [])).length === 3)
    // The list of prices came along.
    for (const { cost } of await stored()) expect(cost).toBeGreaterThan(0)
    gateway.signal('SIGTERM')
    expect(await gateway.ended).toBe(0)
  } finally {
    await gateway.close()
    await upstream.close()
    await postgres.remove()
  }
})

test('the doctor in it answers', () => {
  const run = spawnSync(process.execPath, [join(folder, 'doctor.mjs')], {
    input: '{}',
    encoding: 'utf8',
  })
  expect(JSON.parse(run.stdout)).toMatchObject({ asked: {}, reached: {} })
})

test('brings the licence of every package that is in it', async () => {
  const again = mkdtempSync(join(tmpdir(), 'colonnade-bundle-'))
  try {
    const packages = await bundle(root, again, { main: 'gateway/main.ts' })
    const names = packages.map((path) => path.split(/node_modules[\\/]/).at(-1) ?? '')
    expect(names).toEqual(expect.arrayContaining(['fastify', 'undici', 'pg', '@fastify/busboy']))
    for (const name of names)
      expect(readdirSync(join(folder, 'licences', name)).length).toBeGreaterThan(0)
    expect(existsSync(join(folder, 'model-prices.LICENSE'))).toBe(true)
  } finally {
    rmSync(again, { recursive: true, force: true })
  }
})

test('tells nothing of the machine it was made on, and is the same the second time', async () => {
  const again = mkdtempSync(join(tmpdir(), 'colonnade-bundle-'))
  try {
    await bundleGateway(root, again)
    const files = readdirSync(folder).filter((file) => file.endsWith('.mjs'))
    expect(readdirSync(again).filter((file) => file.endsWith('.mjs'))).toEqual(files)
    for (const file of files) {
      const text = readFileSync(join(folder, file), 'utf8')
      expect(text.includes(root)).toBe(false)
      expect(readFileSync(join(again, file), 'utf8') === text).toBe(true)
    }
  } finally {
    rmSync(again, { recursive: true, force: true })
  }
})
