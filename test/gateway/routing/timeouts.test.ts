import { expect, test } from 'vitest'

import { readModule } from '../../../modules/read-module.ts'
import { createDeployments } from '../../../gateway/routing/create-deployments.ts'

function timeoutsOf(
  params: Record<string, unknown>,
  router_settings: Record<string, unknown> = {},
  litellm_settings: Record<string, unknown> = {},
) {
  const litellm_params = { model: 'openai/x', api_base: 'http://127.0.0.1:1/v1', ...params }
  const document = {
    model_list: [{ model_name: 'm', litellm_params }],
    router_settings,
    litellm_settings,
  }
  const { module } = readModule(JSON.stringify(document), { file: 'm.yaml', name: 'm' })
  if (!module) throw new Error('no module')
  return createDeployments(module, { findVariable: () => undefined }).deployments[0]?.timeouts
}

test('without any word every clock has its default', () => {
  expect(timeoutsOf({})).toEqual({
    connectMs: 5_000,
    totalMs: 600_000,
    firstByteMs: 600_000,
    idleMs: 600_000,
    streamMs: 0,
  })
})

test.each([
  ['a timeout bounds all but the length of streams', { timeout: 3 }, {}, {}, [3, 3, 3, 0]],
  [
    'a deployment goes before the module',
    { timeout: 3 },
    { timeout: 9 },
    { request_timeout: 8 },
    [3, 3, 3, 0],
  ],
  [
    'request_timeout goes before the router',
    {},
    { timeout: 9 },
    { request_timeout: 8 },
    [8, 8, 8, 0],
  ],
  ['stream_timeout is for first events', { timeout: 9, stream_timeout: 2 }, {}, {}, [9, 2, 9, 0]],
  ['the router’s too, over a timeout', { timeout: 9 }, { stream_timeout: 4 }, {}, [9, 4, 9, 0]],
  ['chunk_timeout is for silences', { timeout: 9, chunk_timeout: 1 }, {}, {}, [9, 9, 1, 0]],
  ['total_timeout is for whole answers', { timeout: 9, total_timeout: 5 }, {}, {}, [5, 9, 9, 5]],
  [
    'and may stand in the router',
    {},
    { chunk_timeout: 1, total_timeout: 700 },
    {},
    [600, 600, 1, 700],
  ],
] as const)('%s', (_, params, router, litellm, [total, firstByte, idle, stream]) => {
  expect(timeoutsOf(params, router, litellm)).toMatchObject({
    totalMs: total * 1000,
    firstByteMs: firstByte * 1000,
    idleMs: idle * 1000,
    streamMs: stream * 1000,
  })
})

test('connect_timeout is the deployment’s, else the router’s', () => {
  expect(timeoutsOf({ connect_timeout: 1 }, { connect_timeout: 2 })?.connectMs).toBe(1_000)
  expect(timeoutsOf({}, { connect_timeout: 2 })?.connectMs).toBe(2_000)
})
