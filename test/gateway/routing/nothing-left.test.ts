import { expect, test } from 'vitest'

import { readModule } from '../../../modules/read-module.ts'
import { createDeployments } from '../../../gateway/routing/create-deployments.ts'
import { decide } from '../../../gateway/routing/decide.ts'
import { nothingLeft } from '../../../gateway/routing/nothing-left.ts'
import { inputWith } from './decision-inputs.ts'

function errorFor(...args: Parameters<typeof inputWith>) {
  const input = inputWith(...args)
  const decision = decide(input)
  expect(decision.order).toEqual([])
  const { code, message, status, param, retryAfterSeconds } = nothingLeft(group, input, decision)
  return { code, message, status, param, retryAfterSeconds }
}

const group = { name: 'm', deployments: deploymentsOf('openai/x', 'a1111/y'), captures: [] }

function deploymentsOf(...models: string[]) {
  const model_list = models.map((model) => ({
    model_name: 'm',
    litellm_params: { model, api_base: 'http://127.0.0.1:1' },
  }))
  const { module } = readModule(JSON.stringify({ model_list }), { file: 'm.yaml', name: 'm' })
  if (!module) throw new Error('no module')
  return createDeployments(module, { findVariable: () => undefined }).deployments
}

test.each([
  [
    [{ quotaMs: 6_500 }],
    'rate_limit_exceeded',
    7,
    'The server behind the model m has used up its quota; try again in 7 s.',
  ],
  [
    [{ quotaMs: 11 * 3_600_000 }, { quotaMs: 2 * 86_400_000 }],
    'rate_limit_exceeded',
    39_600,
    'Every server behind the model m has used up its quota; try again in 11 h.',
  ],
  [
    [{ limitedMs: 300_000 }, { limitedMs: 500_000 }],
    'upstream_rate_limited',
    300,
    'Every server behind the model m takes no more requests for now; try again in 5 min.',
  ],
  [
    [{ freeSlots: 0 }, { freeSlots: 0 }],
    'rate_limit_exceeded',
    1,
    'Every server behind the model m has no free place; try again in 1 s.',
  ],
  [
    [
      { freeSlots: 0, slotMs: 2_500 },
      { freeSlots: 0, slotMs: 9_000 },
    ],
    'rate_limit_exceeded',
    3,
    'Every server behind the model m has no free place; try again in 3 s.',
  ],
  [
    [{ freeSlots: 0 }, { quotaMs: 9 * 86_400_000 }, { quotaMs: 60_000 }, { coolingMs: 4_000 }],
    'rate_limit_exceeded',
    1,
    'No server behind the model m takes a request now: 1 has no free place, 2 have used up their quotas, 1 rests after failures; try again in 1 s.',
  ],
  [
    [{ limitedMs: 2_000 }, { isSpent: true }],
    'upstream_rate_limited',
    2,
    'No server behind the model m takes a request now: 1 takes no more requests for now; try again in 2 s.',
  ],
] as const)('%j', (candidates, code, retryAfterSeconds, message) => {
  const found = errorFor(candidates)
  expect(found).toMatchObject({ code, retryAfterSeconds, message, status: 429 })
})

test('a capability that is lacking is named with its field', () => {
  const request = { needs: ['vision' as const] }
  expect(errorFor([{ lacks: ['vision'] }, { speaks: false }], { request })).toEqual({
    code: 'unsupported_parameter',
    message: 'The model m does not take images.',
    status: 400,
    param: 'messages',
    retryAfterSeconds: undefined,
  })
  expect(
    errorFor([{ lacks: ['vision'] }, { lacks: ['tools'] }], {
      request: { needs: ['vision', 'tools'] },
    }).message,
  ).toBe('No deployment of the model m takes images and tools together.')
})

test('a prompt that is too long is told how long it may be', () => {
  const found = errorFor([{ maxInputTokens: 100 }, { maxInputTokens: 300 }], {
    request: { promptTokens: 450 },
    rules: { arePreCallChecksOn: true },
  })
  expect(found).toMatchObject({ code: 'context_length_exceeded', status: 400, param: 'messages' })
  expect(found.message).toBe(
    'The prompt has about 450 tokens; the model m takes at most 300. Shorten it.',
  )
})

test('tags that nobody has are a matter of permission', () => {
  const found = errorFor([{ tags: ['free'] }], {
    request: { tags: ['paid', '&eu'] },
    rules: { isTagFiltering: true },
  })
  expect(found).toMatchObject({ code: 'model_not_allowed', status: 403, param: 'tags' })
  expect(found.message).toBe(
    'Not allowed to access model due to tags configuration: no deployment of m serves requests with the tags paid, &eu.',
  )
})

test('an endpoint that nobody speaks is answered with those that are', () => {
  const found = errorFor([{ speaks: false }, { speaks: false }], {
    request: { endpoint: 'audio-speech' },
  })
  expect(found).toMatchObject({ code: 'endpoint_not_offered', status: 404, param: 'model' })
  expect(found.message).toMatch(
    /^The model m does not take audio-speech; it takes .*chat-completions.*images-generations/,
  )
})

test('what the caller can change is told of the deployment that came nearest', () => {
  const found = errorFor([{ lacks: ['vision'] }, { maxInputTokens: 1 }, { speaks: false }], {
    request: { needs: ['vision'], promptTokens: 2 },
    rules: { arePreCallChecksOn: true },
  })
  expect(found.code).toBe('context_length_exceeded')
})

test('where a deployment has it all and is only used up, the request is not at fault', () => {
  const request = { needs: ['vision' as const] }
  expect(errorFor([{ lacks: ['vision'] }, { quotaMs: 1 }], { request }).code).toBe(
    'rate_limit_exceeded',
  )
})

test.each([[[{ isSpent: true }]], [[]]])('%j: no deployment is available', (candidates) => {
  expect(errorFor(candidates)).toMatchObject({
    code: 'no_deployment_available',
    status: 503,
    retryAfterSeconds: 1,
  })
})
