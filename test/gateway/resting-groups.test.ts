import { afterEach, beforeEach, expect, test } from 'vitest'

import {
  answerChat,
  answerError,
  createFakeUpstream,
  type FakeUpstream,
} from '../doubles/fake-upstream.ts'
import { deployment, startGateway, type TestGateway } from '../doubles/gateway.ts'

let first: FakeUpstream
let second: FakeUpstream
let gateway: TestGateway

beforeEach(async () => {
  first = await createFakeUpstream(answerError(500))
  second = await createFakeUpstream(answerChat('second'))
  gateway = await startGateway({
    config: {
      model_list: [
        deployment('m', first.url, { num_retries: 0 }),
        deployment('n', second.url, { num_retries: 0 }),
      ],
      router_settings: {
        allowed_fails: 0,
        cooldown_time: 60,
        fallbacks: [{ m: ['n'] }],
        model_group_alias: { either: ['m', 'n'] },
      },
    },
  })
  // Its one failure makes the first rest for a minute.
  expect((await ask('m')).content).toBe('second')
})
afterEach(async () => {
  await gateway.close()
  await Promise.all([first.close(), second.close()])
})

async function ask(model: string, more = {}) {
  const answer = await gateway.post('/v1/chat/completions', {
    model,
    messages: [{ role: 'user', content: 'hi' }],
    ...more,
  })
  const body: { choices?: { message: { content: string } }[]; error?: { code: string } } =
    JSON.parse(await answer.text())
  return {
    status: answer.status,
    content: body.choices?.[0]?.message.content,
    code: body.error?.code,
    group: answer.headers.get('x-litellm-model-group'),
  }
}

test.each(['m', 'either'])(
  '%s: a model that rests is not asked while another takes over',
  async (name) => {
    for (let count = 0; count < 5; count += 1)
      expect(await ask(name)).toMatchObject({ status: 200, content: 'second', group: 'n' })
    expect(first.requests).toHaveLength(1)
  },
)

test('where the one that took over fails as well, the resting one is asked all the same', async () => {
  first.script(answerChat('first'))
  second.script(answerError(500))
  expect(await ask('m')).toMatchObject({ status: 200, content: 'first', group: 'm' })
  expect(first.requests).toHaveLength(2)
})

test('where both fail the caller hears of the one it asked for', async () => {
  const failing = (code: string) => answerError(500, { error: { message: code, code } })
  first.script(failing('first_failed'))
  second.script(failing('second_failed'))
  expect(await ask('m')).toMatchObject({ status: 502, code: 'first_failed', group: 'm' })
})

test('without fallbacks a resting model is asked', async () => {
  first.script(answerChat('first'))
  expect(await ask('m', { disable_fallbacks: true })).toMatchObject({ content: 'first' })
})
