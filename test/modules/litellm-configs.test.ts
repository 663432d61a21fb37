import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readModule, renderConfig } from '../../modules/read-module.ts'

const folder = join(import.meta.dirname, '../fixtures/litellm-configs')
const names = readdirSync(folder).map((file) => file.replace(/\.yaml$/, ''))

function environment(name: string): string {
  if (name.endsWith('_BASE')) return 'https://azure.example.com'
  return `value-of-${name.toLowerCase().replaceAll('_', '-')}`
}

function textOf(name: string): string {
  return readFileSync(join(folder, `${name}.yaml`), 'utf8')
}

function read(name: string) {
  return readModule(textOf(name), { file: `${name}.yaml`, name, environment })
}

describe.each(names)('%s', (name) => {
  test('is a module as it is', () => {
    const { module } = read(name)
    expect(module?.name).toBe(name)
    expect(module?.models.length).toBeGreaterThan(0)
  })

  test('could be deployed: no secret stands in it', () => {
    const { faults } = readModule(textOf(name), { file: name, name, areSecretsRefused: true })
    expect(faults.filter(({ message }) => message.includes('secret'))).toEqual([])
  })

  test('means the same when rendered', () => {
    const before = read(name)
    if (!before.module) throw new Error('not read')
    const { endpoints } = before.module
    const text = renderConfig(textOf(name), { name, endpoints, fleet: [] })
    expect(readModule(text, { file: name, environment }).module).toEqual(before.module)
  })
})

test('all but the hurried one have no errors', () => {
  const faulty = names.filter((name) =>
    read(name).faults.some(({ severity }) => severity === 'error'),
  )
  expect(faulty).toEqual(['hurried'])
})

test('of a hurried one the good models stay', () => {
  const { module, faults } = read('hurried')
  expect(module?.models.map(({ modelName }) => modelName)).toEqual(['good'])
  const errors = faults.filter(({ severity }) => severity === 'error')
  expect(errors.map(({ modelIndex, path }) => [modelIndex, path])).toEqual([
    [1, 'model_list[1].litellm_params.timeout'],
    [2, 'model_list[2].litellm_params.model'],
    [3, 'model_list[3].model_name'],
  ])
})

test('anchors and merge keys are unfolded', () => {
  const models = read('gpu-cluster').module?.models ?? []
  expect(models.map(({ params }) => [params.timeoutMs, params.rpm, params.defaults])).toEqual([
    [120_000, 600, { max_tokens: 4096 }],
    [120_000, 300, { max_tokens: 4096 }],
    [undefined, undefined, {}],
  ])
})

test("routing is read with LiteLLM's meanings", () => {
  expect(read('gpu-cluster').module?.router).toMatchObject({
    strategy: 'least-busy',
    numRetries: 3,
    timeoutMs: 90_000,
    allowedFails: 3,
    cooldownMs: 30_000,
    retryAfterMs: 5_000,
    arePreCallChecksOn: true,
    fallbacks: { 'llama-70b': ['bge-m3'] },
    aliases: {
      'gpt-4': { models: ['llama-70b'], isHidden: false },
      'internal-big': { models: ['llama-70b'], isHidden: true },
    },
  })
  expect(read('many-clouds').module?.router).toMatchObject({ numRetries: 2, timeoutMs: 300_000 })
})

test('a chain of free tiers and fallbacks is read whole, without a warning', () => {
  const { module, faults } = read('failing-over')
  expect(faults).toEqual([])
  expect(module?.models[0]?.params).toMatchObject({
    order: 1,
    rpm: 30,
    tags: ['free'],
    quotas: [
      { unit: 'requests', amount: 1000, per: 'day' },
      { unit: 'tokens', amount: 100_000, per: 'day' },
    ],
  })
  expect(module?.models.map(({ params }) => params.inputCostPerToken)).toEqual([
    undefined,
    1.5e-7,
    undefined,
    3e-6,
  ])
  expect(module?.router).toMatchObject({
    strategy: 'latency-based-routing',
    latencyBuffer: 0.3,
    latencyTtlMs: 600_000,
    numRetries: 1,
    fallbacks: { chat: ['careful', 'long'], careful: ['chat'], '*': ['long'] },
    contextWindowFallbacks: { chat: ['long'] },
    contentPolicyFallbacks: { careful: ['chat'] },
    retryPolicy: { RateLimitError: 0, TimeoutError: 2, InternalServerError: 3 },
    groupRetryPolicies: { careful: { RateLimitError: 4 } },
    allowedFailsPolicy: { InternalServerError: 20 },
    isTagFiltering: true,
    areRatesEnforced: true,
    aliases: { 'gpt-4': { models: ['careful', 'chat'], isHidden: false } },
  })
})

test('variables of a block reach credentials and models', () => {
  const models = read('shared-credentials').module?.models ?? []
  expect(models.map(({ params }) => [params.apiBase, params.apiKey, params.apiVersion])).toEqual([
    ['https://swedencentral.openai.example.com', 'value-of-azure-eu-key', '2024-10-21'],
    ['https://swedencentral.openai.example.com', 'value-of-azure-eu-key', '2025-01-01-preview'],
    ['https://speech.example.com', 'value-of-azure-speech-key', undefined],
  ])
})
