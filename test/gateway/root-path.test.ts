import { afterAll, beforeAll, expect, test } from 'vitest'
import { answerChat, createFakeUpstream, type FakeUpstream } from '../doubles/fake-upstream.ts'
import { startGateway, type TestGateway } from '../doubles/gateway.ts'

let upstream: FakeUpstream
let gateway: TestGateway
beforeAll(async () => {
  upstream = await createFakeUpstream(answerChat('Hello there.'))
  const litellm_params = { model: 'openai/m', api_base: `${upstream.url}/v1`, api_key: 'none' }
  gateway = await startGateway({
    config: { model_list: [{ model_name: 'm', litellm_params }] },
    env: { SERVER_ROOT_PATH: 'llm/' },
  })
})
afterAll(async () => {
  await gateway.close()
  await upstream.close()
})

test.each(['/llm/v1/chat/completions', '/v1/chat/completions'])('%s is answered', async (path) => {
  const messages = [{ role: 'user', content: 'Hi' }]
  const answer = await gateway.post(path, { model: 'm', messages })
  expect(await answer.text()).toContain('Hello there.')
  expect(answer.status).toBe(200)
})

test('a path that only begins alike is not', async () => {
  expect((await gateway.get('/llms/v1/models')).status).toBe(404)
})

test('what is no path ends the start with a sentence', async () => {
  const start = startGateway({ config: { model_list: [] }, env: { SERVER_ROOT_PATH: 'a b' } })
  await expect(start).rejects.toThrow('SERVER_ROOT_PATH: expected a path such as /llm, found "a b"')
})
