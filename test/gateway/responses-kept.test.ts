import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { pino } from 'pino'
import { afterAll, beforeAll, expect, test } from 'vitest'

import { inputItems } from '../../gateway/dialects/responses-conversation.ts'
import { responsesDialect } from '../../gateway/dialects/responses.ts'
import { createStorage, type Storage } from '../../gateway/storage/storage.ts'
import { deployment, startGateway, until, type TestGateway } from '../doubles/gateway.ts'
import { createTestPostgres, type TestPostgres } from '../doubles/postgres.ts'

let postgres: TestPostgres
let gateway: TestGateway
let storage: Storage
const folder = mkdtempSync(path.join(tmpdir(), 'colonnade-responses-'))
const config = (general: object) => ({
  module: 'llm',
  model_list: [deployment('m', 'http://127.0.0.1:9')],
  general_settings: general,
})

beforeAll(async () => {
  postgres = await createTestPostgres()
  const { url } = await postgres.createDatabase()
  gateway = await startGateway({
    config: config({ store_responses: { ttl: 600 } }),
    env: { DATABASE_URL: url },
  })
  storage = createStorage({
    databaseUrl: () => url,
    spoolDir: folder,
    module: 'llm',
    log: pino({ level: 'silent' }),
  })
  await until(async () => {
    const readiness: unknown = await (await gateway.get('/health/readiness')).json()
    return (
      storage.state().db === 'connected' && Reflect.get(Object(readiness), 'db') === 'connected'
    )
  })
})
afterAll(async () => {
  await gateway?.close()
  await storage?.close({ deadlineMs: 1000 })
  await postgres?.remove()
  rmSync(folder, { recursive: true, force: true })
})

/** Keeps a response as if the gateway had answered it. */
async function keep(id: string, input: unknown, caller = 'litellm_proxy_master_key') {
  const fields = { input }
  const asked = { model: 'm', fields, answerId: id, createdSeconds: 1, isStored: true }
  const message = { role: 'assistant', content: 'Hello.' }
  const response = responsesDialect.toAnswer({ choices: [{ message }] }, asked)
  const row = { module: 'llm', caller, id, previousId: undefined, response }
  expect(await storage.responses.keep({ ...row, input: inputItems(fields, id) }, 60_000)).toBe(true)
}

test('a kept response is read and deleted with the official client', async () => {
  await keep('resp_a', 'Hi')
  const found = await gateway.client.responses.retrieve('resp_a')
  expect(found).toMatchObject({ id: 'resp_a', output_text: 'Hello.', store: true })
  const deleted = await gateway.client.delete('/responses/resp_a')
  expect(deleted).toEqual({ id: 'resp_a', object: 'response', deleted: true })
  await expect(gateway.client.responses.retrieve('resp_a')).rejects.toMatchObject({
    status: 404,
    code: 'not_found',
    message: expect.stringContaining("Response with id 'resp_a' not found"),
  })
})

test('its input is listed page by page, the newest first', async () => {
  const input = ['one', 'two', 'three'].map((content) => ({ role: 'user', content }))
  await keep('resp_b', input)
  const texts = async (query: object) => {
    const seen: string[] = []
    for await (const item of gateway.client.responses.inputItems.list('resp_b', query))
      if (item.type === 'message') seen.push(JSON.stringify(item.content))
    return seen.map((content) => /"text":"(\w+)"/.exec(content)?.[1])
  }
  expect(await texts({ limit: 2 })).toEqual(['three', 'two', 'one'])
  expect(await texts({ order: 'asc' })).toEqual(['one', 'two', 'three'])
  for (const query of ['limit=0', 'limit=101', 'limit=x', 'after=msg_nobody'])
    expect((await gateway.get(`/v1/responses/resp_b/input_items?${query}`)).status).toBe(400)
})

test('nobody sees what another key has asked', async () => {
  await keep('resp_c', 'secret', 'another-key')
  for (const at of ['/v1/responses/resp_c', '/v1/responses/resp_c/input_items']) {
    const answer = await gateway.get(at)
    expect([answer.status, (await answer.text()).includes('secret')]).toEqual([404, false])
  }
  expect((await gateway.get('/responses/resp_c', { authorization: 'Bearer sk-no' })).status).toBe(
    401,
  )
})

test('what cannot be done says why', async () => {
  await keep('resp_d', 'Hi')
  const cancelled = await gateway.post('/v1/responses/resp_d/cancel', {})
  expect([cancelled.status, await cancelled.text()]).toEqual([
    400,
    expect.stringContaining('background'),
  ])
  expect((await gateway.get('/v1/responses/resp_d?stream=true')).status).toBe(400)
  expect((await gateway.get('/v1/responses/%00')).status).toBe(400)
})

test('a module that keeps no responses says how it would', async () => {
  const plain = await startGateway({ config: config({}) })
  try {
    const answer = await plain.get('/v1/responses/resp_a')
    expect([answer.status, await answer.text()]).toEqual([
      404,
      expect.stringContaining('general_settings.store_responses'),
    ])
  } finally {
    await plain.close()
  }
})
