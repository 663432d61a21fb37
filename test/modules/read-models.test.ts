import { describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { faultLine, readModule } from '../../modules/read-module.ts'

/** The parameters of one deployment, read; `model` is there unless given. */
function readParams(
  params: Record<string, unknown>,
  environment?: (name: string) => string | undefined,
) {
  const text = stringify({
    model_list: [{ model_name: 'a', litellm_params: { model: 'openai/a', ...params } }],
  })
  const { module, faults } = readModule(text, {
    file: 'f',
    name: 'm',
    areSecretsRefused: false,
    ...(environment ? { environment } : {}),
  })
  return {
    params: module?.models[0]?.params,
    faults: faults.map((fault) =>
      faultLine(fault).replace(/^f:\d+:\d+ model_list\[0\]\.(litellm_params\.)?/, ''),
    ),
  }
}

function read(text: string) {
  return readModule(text, { file: 'f', name: 'm' })
}

function aliases(written: unknown) {
  const text = stringify({
    model_list: ['a', 'b'].map((name) => ({
      model_name: name,
      litellm_params: { model: 'openai/a' },
    })),
    router_settings: { model_group_alias: written },
  })
  const { module, faults } = readModule(text, { file: 'f', name: 'm' })
  return {
    aliases: module?.router.aliases,
    faults: faults.map(({ severity, message }) => `${severity}: ${message}`),
  }
}

describe('parameters', () => {
  test('every one that is acted on is read, seconds as milliseconds', () => {
    const { params, faults } = readParams({
      model: ' azure/gpt ',
      custom_llm_provider: 'azure',
      api_base: 'https://example.com/v1//',
      api_key: ' k ',
      api_version: '2024-10-21',
      organization: 'org-1',
      timeout: 1.5,
      stream_timeout: '30',
      connect_timeout: 0.5,
      chunk_timeout: 10,
      total_timeout: 600,
      order: 2,
      weight: 0.5,
      rpm: '1_000',
      tpm: 1e6,
      tags: ['free', 7],
      quota: { unit: 'requests', amount: '1_000', per: 'day' },
      max_parallel_requests: 4,
      queue: { max_wait: 12.5, max_length: 8 },
      input_cost_per_token: '1e-6',
      output_cost_per_token: 0,
      cooldown_time: 0,
      num_retries: 1,
      drop_params: true,
      modify_params: true,
      allowed_openai_params: ['n'],
      additional_drop_params: ['user', 'tools[*].input_examples', 'a.b[0].c'],
      extra_headers: { 'X-A': 1 },
      extra_body: { options: { a: [1, null] } },
    })
    expect(faults).toEqual([])
    expect(params).toEqual({
      model: 'azure/gpt',
      customProvider: 'azure',
      apiBase: 'https://example.com/v1',
      apiKey: 'k',
      apiVersion: '2024-10-21',
      organization: 'org-1',
      timeoutMs: 1500,
      streamTimeoutMs: 30_000,
      connectTimeoutMs: 500,
      chunkTimeoutMs: 10_000,
      totalTimeoutMs: 600_000,
      order: 2,
      weight: 0.5,
      rpm: 1000,
      tpm: 1_000_000,
      tags: ['free', '7'],
      quotas: [
        {
          unit: 'requests',
          amount: 1000,
          per: 'day',
          resets: { minuteOfDay: 0, timeZone: 'UTC' },
        },
      ],
      maxParallelRequests: 4,
      queue: { maxWaitMs: 12_500, maxLength: 8 },
      inputCostPerToken: 1e-6,
      outputCostPerToken: 0,
      prices: { input_cost_per_token: 1e-6, output_cost_per_token: 0 },
      cooldownMs: 0,
      numRetries: 1,
      dropParams: true,
      modifyParams: true,
      allowedParams: ['n'],
      additionalDropParams: ['user', 'tools[*].input_examples', 'a.b[0].c'],
      extraHeaders: { 'X-A': '1' },
      extraBody: { options: { a: [1, null] } },
      defaults: {},
    })
  })

  test('second names mean the same', () => {
    const { params, faults } = readParams({
      base_url: 'http://a/v1',
      max_retries: 4,
      headers: { 'X-A': 'a' },
      drop_params: ['user', 'logprobs'],
    })
    expect(faults).toEqual([])
    expect(params).toMatchObject({
      apiBase: 'http://a/v1',
      numRetries: 4,
      extraHeaders: { 'X-A': 'a' },
      additionalDropParams: ['user', 'logprobs'],
    })
    expect(params).not.toHaveProperty('dropParams')
  })

  test('nothing written is nothing', () => {
    const { params, faults } = readParams({
      api_key: null,
      timeout: null,
      extra_body: null,
      temperature: null,
    })
    expect(faults).toEqual([])
    expect(params).toEqual({
      model: 'openai/a',
      additionalDropParams: [],
      extraHeaders: {},
      extraBody: {},
      defaults: {},
    })
    expect(readParams({ api_key: '' }).params).not.toHaveProperty('apiKey')
  })

  test.each([
    [{ drop_params: 'on' }, { dropParams: true }],
    [{ drop_params: 'No' }, { dropParams: false }],
    [{ rpm: 10.0 }, { rpm: 10 }],
    [{ api_version: 20241021 }, { apiVersion: '20241021' }],
  ])('%j is taken as %j', (written, taken) => {
    expect(readParams(written).params).toMatchObject(taken)
  })

  test.each([
    [
      { timeout: 'soon' },
      'timeout: expected a number of seconds above 0, at most a week, found "soon"',
    ],
    [{ timeout: 0 }, 'timeout: expected a number of seconds above 0, at most a week, found 0'],
    [
      { timeout: '30s' },
      'timeout: expected a number of seconds above 0, at most a week, found "30s"',
    ],
    [{ rpm: 'abc' }, 'rpm: expected a whole number of requests a minute, found "abc"'],
    [{ rpm: 1.5 }, 'rpm: expected a whole number of requests a minute, found 1.5'],
    [{ tpm: [] }, 'tpm: expected a whole number of tokens a minute, found a list'],
    [{ weight: -1 }, 'weight: expected a number, found -1'],
    [{ weight: true }, 'weight: expected a number, found true'],
    [{ drop_params: 3 }, 'drop_params: expected true, false or a list of parameter names, found 3'],
    [
      { drop_params: { a: 1 } },
      'drop_params: expected true, false or a list of parameter names, found keys and values',
    ],
    [
      { api_base: 'localhost:11434' },
      'api_base: expected a URL such as http://localhost:8000/v1, found "localhost:11434"',
    ],
    [
      { api_base: 'ftp://a' },
      'api_base: expected a URL such as http://localhost:8000/v1, found "ftp://a"',
    ],
    [
      { api_base: 'http://' },
      'api_base: expected a URL such as http://localhost:8000/v1, found "http://"',
    ],
    [{ extra_headers: ['a'] }, 'extra_headers: expected keys and values, found a list'],
    [{ extra_headers: { 'X A': 'a' } }, 'extra_headers["X A"]: expected the name of a header'],
    [
      { extra_headers: { 'X-A': 'a\r\nb: c' } },
      'extra_headers.X-A: expected one line of text, found characters no header takes',
    ],
    [
      { additional_drop_params: ['tools[.x'] },
      'additional_drop_params[0]: expected a parameter such as user, or a path such as tools[*].input_examples, found "tools[.x"',
    ],
    [
      { max_parallel_requests: 0 },
      'max_parallel_requests: expected a whole number from 1, found 0',
    ],
    [{ tags: 'free' }, 'tags: expected a list of tags, found "free"'],
    [{ queue: { max_lenght: 3 } }, 'queue.max_lenght: unknown key, did you mean max_length?'],
    [
      { input_cost_per_token: 'cheap' },
      'input_cost_per_token: expected a number of USD, found something else',
    ],
    [
      { daily_reset_time: '25:00' },
      'daily_reset_time: expected a time of day such as 00:00, in UTC, found "25:00"',
    ],
    [{ extra_body: 'a' }, 'extra_body: expected keys and values, found "a"'],
    [{ model: '' }, 'model: expected provider/model, such as openai/gpt-4.1, found ""'],
    [{ api_key: { a: 1 } }, 'api_key: expected text, found keys and values'],
    [
      { litellm_credential_name: 'x' },
      'litellm_credential_name: expected a credential_name of credential_list, found "x"',
    ],
  ])('%j takes the model out', (written, fault) => {
    const { params, faults } = readParams(written)
    expect(params).toBeUndefined()
    expect(faults).toContain(fault)
  })

  test('a value with a line break in it never becomes a header', () => {
    const { params, faults } = readParams(
      { extra_headers: { 'X-A': '${A}' } },
      () => 'a\r\nx-admin: 1',
    )
    expect(params).toBeUndefined()
    expect(faults).toEqual([
      'extra_headers.X-A: expected one line of text, found characters no header takes',
    ])
  })
})

describe('request defaults', () => {
  test('known request fields are defaults', () => {
    const written = {
      temperature: 0.2,
      max_tokens: 5,
      num_ctx: 8192,
      keep_alive: '30m',
      voice: 'alloy',
      steps: 4,
    }
    expect(readParams(written)).toEqual({
      params: expect.objectContaining({ defaults: written }),
      faults: [],
    })
  })

  test('a field nobody knows is one too, and is named', () => {
    const { params, faults } = readParams({ temprature: 1, zorble: [1] })
    expect(params?.defaults).toEqual({ temprature: 1, zorble: [1] })
    expect(faults).toEqual([
      'temprature: warning: unknown key (did you mean temperature?), sent to the upstream as a field of each request',
      'zorble: warning: unknown key, sent to the upstream as a field of each request',
    ])
  })

  test('what LiteLLM keeps to itself is not sent', () => {
    const { params, faults } = readParams({
      input_cost_per_second: 1e-6,
      tag_regex: ['a'],
      tags: ['a'],
      rpd: 5,
    })
    expect(params?.defaults).toEqual({})
    expect(faults).toEqual([
      'tag_regex: warning: not acted on: requests are routed by tags alone, not by their headers',
      expect.stringMatching(/^rpd: warning: it limits nothing without /),
    ])
  })
})

describe('entries', () => {
  test.each([
    '- 3',
    '-',
    '- {litellm_params: {model: openai/a}}',
    '- {model_name: a}',
    '- {model_name: a, litellm_params: openai/a}',
    '- {model_name: "", litellm_params: {model: openai/a}}',
    '- {model_name: [a], litellm_params: {model: openai/a}}',
    '- {model_name: 1.5, litellm_params: {model: openai/a}}',
    '- {model_name: a, litellm_params: {model: openai/a}, model_info: [a]}',
    '- {model_name: a, litellm_params: {model: "${A"}}',
  ])('%s is left out, and the others stay', (entry) => {
    const { module, faults } = read(
      `model_list:\n  ${entry}\n  - {model_name: b, litellm_params: {model: openai/b}}\n`,
    )
    expect(module?.models.map(({ modelName, path }) => [modelName, path])).toEqual([
      ['b', 'model_list[1]'],
    ])
    expect(faults).not.toEqual([])
    expect(faults.every(({ modelIndex }) => modelIndex === 0)).toBe(true)
  })

  test('a mistyped required key is named', () => {
    const { faults } = read('model_list: [{model_nam: a, litellm_params: {model: openai/a}}]\n')
    expect(faults.map(({ message }) => message)).toContain(
      'expected the name callers ask for, found the key model_nam: write model_name',
    )
  })

  test('model_info is kept as it is, and a mode nobody knows is named', () => {
    const info = {
      mode: 'chat',
      description: 'x',
      category: { a: [1] },
      costFactor: 1.25,
      blocked: false,
    }
    const text = stringify({
      model_list: [{ model_name: 'a', litellm_params: { model: 'openai/a' }, model_info: info }],
    })
    expect(read(text).module?.models[0]?.info).toEqual(info)
    expect(read(text).faults).toEqual([])
    expect(read(text.replace('mode: chat', 'mode: embeddings')).faults).toEqual([])
    expect(read(text.replace('mode: chat', 'mode: embbeding')).faults).toMatchObject([
      { severity: 'warning', message: expect.stringContaining('did you mean embedding?') },
    ])
  })
})

describe('prices', () => {
  function pricesOf(written: object, info: object) {
    const text = stringify({
      model_list: [
        {
          model_name: 'a',
          litellm_params: { model: 'openai/a', ...written },
          model_info: info,
        },
      ],
    })
    const { module, faults } = read(text)
    const params = module?.models[0]?.params
    const prices = [params?.inputCostPerToken, params?.outputCostPerToken]
    return { prices, params, faults }
  }

  test('stand in the parameters, else in model_info', () => {
    const info = { input_cost_per_token: 2e-6, output_cost_per_token: '3e-6' }
    expect(pricesOf({ input_cost_per_token: 1e-6 }, info)).toMatchObject({
      prices: [1e-6, 3e-6],
      faults: [],
    })
    expect(pricesOf({}, {}).prices).toEqual([undefined, undefined])
  })

  test('are all that LiteLLM has, and none of them is sent to the upstream', () => {
    const tiers = [{ range: [0, 1000], input_cost_per_token: 1e-7 }]
    const own = {
      input_cost_per_second: '1e-4',
      cache_read_input_token_cost: 1e-7,
      cache_creation_input_token_cost_above_1hr: 2e-6,
      input_cost_per_token_above_200k_tokens: 3e-6,
      output_cost_per_token_priority: 4e-6,
      tiered_pricing: tiers,
    }
    const { params, faults } = pricesOf(own, { output_cost_per_image: 0.04, id: 'x' })
    expect(params?.prices).toEqual({
      ...own,
      input_cost_per_second: 1e-4,
      output_cost_per_image: 0.04,
    })
    expect(params?.defaults).toEqual({})
    expect(faults).toEqual([])
    expect(pricesOf({}, { mode: 'chat' }).params).not.toHaveProperty('prices')
  })

  test('are those of base_model, or of energy', () => {
    const home = { watts: 350, price_per_kwh: 0.3, unpriced: 'free' }
    expect(pricesOf(home, { base_model: ' azure/gpt-4o ' })).toMatchObject({
      params: { baseModel: 'azure/gpt-4o', watts: 350, pricePerKwh: 0.3, unpriced: 'free' },
      faults: [],
    })
    const both = pricesOf({ base_model: 'gpt-4o' }, { base_model: 'gpt-4.1' })
    expect(both).toMatchObject({ params: { baseModel: 'gpt-4o' }, faults: [] })
  })

  test('that are none are named, and not taken for free', () => {
    const { prices, faults } = pricesOf({}, { input_cost_per_token: 'a lot' })
    expect(prices).toEqual([undefined, undefined])
    expect(faults).toMatchObject([
      { severity: 'warning', path: 'model_list[0].model_info.input_cost_per_token' },
    ])
  })
})

describe('credentials', () => {
  const text = [
    'credential_list:',
    '  - credential_name: eu',
    '    credential_values: {api_key: os.environ/EU_KEY, api_base: "https://eu.example.com", api_version: "1"}',
    'model_list:',
    '  - {model_name: a, litellm_params: {model: azure/a, litellm_credential_name: eu, api_version: "2"}}',
    '  - {model_name: b, litellm_params: {model: azure/b, litellm_credential_name: ue}}',
    '  - {model_name: c, litellm_params: {model: azure/c}}',
  ].join('\n')

  test('are used by those who name them, and their own values win', () => {
    const { module, faults } = readModule(text, { file: 'f', name: 'm', environment: () => 'k' })
    expect(
      module?.models.map(({ modelName, params }) => [
        modelName,
        params.apiKey,
        params.apiBase,
        params.apiVersion,
      ]),
    ).toEqual([
      ['a', 'k', 'https://eu.example.com', '2'],
      ['c', undefined, undefined, undefined],
    ])
    expect(faults.map(({ path, modelIndex }) => [path, modelIndex])).toEqual([
      ['model_list[1].litellm_params.litellm_credential_name', 1],
    ])
  })

  test('that want a missing variable take out those who name them', () => {
    const { module, faults } = readModule(text.replace('ue}', 'eu}'), {
      file: 'f',
      name: 'm',
      environment: () => undefined,
    })
    expect(module?.models.map(({ modelName }) => modelName)).toEqual(['c'])
    expect(faults.map(({ message }) => message)).toEqual([
      'expected the variable EU_KEY to be set, found nothing',
      'expected the variable EU_KEY to be set, found nothing',
    ])
  })
})

describe('aliases', () => {
  test('a name, a hidden one, and several in order', () => {
    expect(aliases({ x: 'a', y: { model: 'a', hidden: true }, z: ['a', 'b'] })).toEqual({
      aliases: {
        x: { models: ['a'], isHidden: false },
        y: { models: ['a'], isHidden: true },
        z: { models: ['a', 'b'], isHidden: false },
      },
      faults: [],
    })
  })

  test.each([[{ x: 3.5 }], [{ x: [] }], [{ x: { modle: 'a' } }], ['a']])(
    '%j is an error',
    (written) => {
      const { faults } = aliases(written)
      expect(faults.join()).toMatch(/^error: /)
    },
  )
})
