import { describe, expect, test } from 'vitest'
import { endpointNames } from '../../modules/endpoints.ts'
import { faultLine, readModule } from '../../modules/read-module.ts'
import type { ReadOptions } from '../../modules/read-module.ts'

const file = 'modules/llm.yaml'

function read(text: string, options: Partial<ReadOptions> = {}) {
  return readModule(text, { file, name: 'llm', ...options })
}

function lines(text: string, options: Partial<ReadOptions> = {}): string[] {
  return read(text, options).faults.map(faultLine)
}

function environmentOf(values: Record<string, string>) {
  return (name: string) => (Object.hasOwn(values, name) ? values[name] : undefined)
}

function withKey(key: string): string {
  return `model_list: [{model_name: a, litellm_params: {model: openai/a, api_key: "${key}"}}]\n`
}

const oneModel = 'model_list: [{model_name: a, litellm_params: {model: openai/a}}]\n'

describe('defaults', () => {
  test('a list of models is a whole module', () => {
    const { module, deploy, faults } = read(oneModel)
    expect(faults).toEqual([])
    expect(module).toEqual({
      name: 'llm',
      endpoints: endpointNames,
      fleet: [],
      models: [
        {
          modelName: 'a',
          path: 'model_list[0]',
          params: {
            model: 'openai/a',
            additionalDropParams: [],
            extraHeaders: {},
            extraBody: {},
            defaults: {},
          },
          info: {},
        },
      ],
      router: {
        numRetries: 2,
        retryAfterMs: 0,
        retryPolicy: {},
        groupRetryPolicies: {},
        latencyBuffer: 0,
        latencySamples: 10,
        latencyTtlMs: 3_600_000,
        timeoutMs: 600_000,
        connectTimeoutMs: 5_000,
        allowedFailsPolicy: {},
        areCooldownsDisabled: false,
        fallbacks: {},
        contextWindowFallbacks: {},
        contentPolicyFallbacks: {},
        maxFallbacks: 5,
        isTagFiltering: false,
        isTagMatchAny: true,
        arePreCallChecksOn: false,
        areRatesEnforced: false,
        aliases: {},
      },
      litellm: { dropParams: false, modifyParams: false, isMetricsKeyRequired: false },
      prices: { unpriced: 'warn' },
      general: {
        maxRequestBytes: 32 * 1024 * 1024,
        maxUploadBytes: 512 * 1024 * 1024,
        areSpendLogsDisabled: false,
        onDatabaseOutage: 'lease',
        maxKeyStalenessMs: 3_600_000,
        defaultMaxTokens: 4096,
        timeZone: 'UTC',
        limits: {},
        areModelsStored: false,
        urlFetch: {
          isEnabled: true,
          allowPrivate: [],
          maxBytes: 20 * 1024 * 1024,
          timeoutMs: 10_000,
        },
      },
      environment: {},
    })
    expect(deploy).toEqual({
      replicas: 1,
      resources: {
        requests: { cpu: '100m', memory: '128Mi' },
        limits: { cpu: '2', memory: '256Mi' },
      },
      secrets: [],
    })
  })

  test('a file without models is a module that serves nothing, and says so', () => {
    for (const text of ['litellm_settings: {}\n', 'model_list: []\n', 'model_list:\n']) {
      const { module, faults } = read(text)
      expect(module?.models).toEqual([])
      expect(faults).toMatchObject([{ severity: 'warning', path: 'model_list' }])
    }
  })

  test('the name is the given one, else the one in the file, else gateway', () => {
    expect(read(`module: chat\n${oneModel}`).module?.name).toBe('llm')
    expect(readModule(`module: chat\n${oneModel}`, { file }).module?.name).toBe('chat')
    expect(readModule(oneModel, { file }).module?.name).toBe('gateway')
  })
})

describe('faults', () => {
  test('each says where it stands, what was expected and what was found', () => {
    const text = [
      'model_list:',
      '  - model_name: a',
      '    litellm_params:',
      '      model: openai/a',
      '      timeout: soon',
    ].join('\n')
    expect(lines(text)).toEqual([
      'modules/llm.yaml:5:16 model_list[0].litellm_params.timeout: expected a number of seconds above 0, at most a week, found "soon"',
    ])
  })

  test('all come at once, in the order of the file', () => {
    const text = [
      'deploy: {node_prot: 30100}',
      'model_list:',
      '  - model_name: a',
      '    litellm_params: {model: openai/a, rpm: many}',
      'router_settings: {num_retries: -1}',
      'endpoints: [chat]',
    ].join('\n')
    const faults = read(text).faults
    expect(faults.map(({ line, path }) => [line, path])).toEqual([
      [1, 'deploy.node_prot'],
      [4, 'model_list[0].litellm_params.rpm'],
      [5, 'router_settings.num_retries'],
      [6, 'endpoints[0]'],
    ])
    expect(faults[0]?.message).toBe('unknown key, did you mean node_port?')
    expect(faults[3]?.message).toContain('did you mean chat-completions?')
  })

  test('an unknown key is an error in our blocks and a warning in those of LiteLLM', () => {
    const text = `${oneModel}deploy: {replicsa: 2}\nrouter_settings: {num_retires: 2}\nendpoint: []\nrouter_setings: {}\n`
    expect(read(text).faults.map(({ severity, message }) => [severity, message])).toEqual([
      ['error', 'unknown key, did you mean replicas?'],
      ['warning', 'unknown key, ignored, did you mean num_retries?'],
      ['error', 'unknown key, did you mean endpoints?'],
      ['warning', 'unknown key, ignored, did you mean router_settings?'],
    ])
  })

  test('a key of LiteLLM without effect here says what is lost', () => {
    const text = `${oneModel}router_settings: {routing_groups: [{a: [b]}]}\ngeneral_settings: {alerting: [slack]}\n`
    expect(lines(text)).toEqual([
      'modules/llm.yaml:2:19 router_settings.routing_groups: warning: not acted on: one strategy serves all models',
      'modules/llm.yaml:3:20 general_settings.alerting: warning: not acted on: no alerts are sent',
    ])
  })

  test('a key that asks for nothing, or for what is so anyway, is no fault', () => {
    const text = `${oneModel}litellm_settings: {cache: false, callbacks: [prometheus], json_logs: true, fallbacks: []}\nx-common: 1\n`
    expect(lines(text)).toEqual([])
    expect(
      lines(`${oneModel}litellm_settings: {json_logs: false, callbacks: [prometheus, langfuse]}\n`),
    ).toHaveLength(2)
  })

  test('a misplaced key is sent home', () => {
    expect(
      lines(`${oneModel}general_settings: {request_timeout: 3, fallbacks: [], num_retries: 1}\n`),
    ).toEqual([
      'modules/llm.yaml:2:20 general_settings.request_timeout: warning: unknown key, ignored: it belongs into litellm_settings',
      'modules/llm.yaml:2:40 general_settings.fallbacks: warning: unknown key, ignored: it belongs into litellm_params',
      'modules/llm.yaml:2:55 general_settings.num_retries: warning: unknown key, ignored: it belongs into litellm_params',
    ])
  })

  test('a wrong setting makes the file unusable', () => {
    for (const block of [
      'router_settings: {timeout: soon}',
      'router_settings: {routing_strategy: simple-shufle}',
      'router_settings: []',
      'litellm_settings: {drop_params: perhaps}',
      'general_settings: {max_request_size_mb: big}',
      'deploy: {node_port: 80}',
      'endpoints: []',
      'fleet: [{module: a}]',
      'model_list: {}',
    ]) {
      expect(
        read(`${block.startsWith('model_list') ? '' : oneModel}${block}\n`).module,
        block,
      ).toBeUndefined()
    }
  })

  test.each(['', '- a', 'a: 1\na: 2', '\t', '{', '\0', 'a: &a [*a, *a]'])(
    '%j never throws',
    (text) => {
      const { module, faults, deploy } = read(text)
      expect(module).toBeUndefined()
      expect(faults.length).toBeGreaterThan(0)
      expect(deploy.replicas).toBe(1)
    },
  )
})

describe('names', () => {
  test.each([
    'shared',
    'postgres',
    'prometheus',
    'secrets',
    'front',
    'console',
    'LLM',
    'a_b',
    '-a',
    'a-',
    '',
    'a'.repeat(41),
    'ä',
  ])('a module cannot be called %j', (name) => {
    const { module, faults } = read(oneModel, { name })
    expect(module).toBeUndefined()
    expect(faults[0]?.message).toContain('rename the file')
  })

  test.each(['a', '3d', 'image-gen', 'a'.repeat(40)])('a module can be called %s', (name) => {
    expect(read(oneModel, { name }).module?.name).toBe(name)
  })
})

describe('variables', () => {
  const text = [
    'model_list:',
    '  - model_name: a',
    '    litellm_params:',
    '      model: openai/a',
    '      api_base: ${BASE:-http://${HOST}:8000/v1}',
    '      api_key: os.environ/A_KEY',
    '  - model_name: b',
    '    litellm_params: {model: os.environ/B_MODEL, order: "${B_ORDER}"}',
    'general_settings: {master_key: os.environ/LITELLM_MASTER_KEY}',
  ].join('\n')

  test('each use is listed with its path, given an environment or not', () => {
    const expected = [
      { name: 'BASE', path: 'model_list[0].litellm_params.api_base', hasDefault: true },
      { name: 'HOST', path: 'model_list[0].litellm_params.api_base', hasDefault: false },
      { name: 'A_KEY', path: 'model_list[0].litellm_params.api_key', hasDefault: false },
      { name: 'B_MODEL', path: 'model_list[1].litellm_params.model', hasDefault: false },
      { name: 'B_ORDER', path: 'model_list[1].litellm_params.order', hasDefault: false },
      { name: 'LITELLM_MASTER_KEY', path: 'general_settings.master_key', hasDefault: false },
    ]
    expect(read(text).variables).toEqual(expected)
    expect(read(text, { environment: () => 'x' }).variables).toEqual(expected)
  })

  test('without an environment they stay as written, and nothing is missing', () => {
    const { module, faults } = read(text)
    expect(faults).toEqual([])
    expect(
      module?.models.map(({ params }) => [
        params.model,
        params.apiBase,
        params.apiKey,
        params.order,
      ]),
    ).toEqual([
      ['openai/a', '${BASE:-http://${HOST}:8000/v1}', 'os.environ/A_KEY', undefined],
      ['os.environ/B_MODEL', undefined, undefined, undefined],
    ])
  })

  test('an environment fills them', () => {
    const environment = environmentOf({
      HOST: 'box',
      A_KEY: 'secret-a\n',
      B_MODEL: 'groq/b',
      B_ORDER: '30',
      LITELLM_MASTER_KEY: 'sk-master',
    })
    const { module, faults } = read(text, { environment })
    expect(faults).toEqual([])
    expect(module?.general.masterKey).toBe('sk-master')
    expect(
      module?.models.map(({ params }) => [
        params.model,
        params.apiBase,
        params.apiKey,
        params.order,
      ]),
    ).toEqual([
      ['openai/a', 'http://box:8000/v1', 'secret-a', undefined],
      ['groq/b', undefined, undefined, 30],
    ])
  })

  test('a missing one takes out its model alone', () => {
    const environment = environmentOf({
      HOST: 'box',
      B_MODEL: 'groq/b',
      B_ORDER: '1',
      LITELLM_MASTER_KEY: 'k',
    })
    const { module, faults } = read(text, { environment })
    expect(module?.models.map(({ modelName, path }) => [modelName, path])).toEqual([
      ['b', 'model_list[1]'],
    ])
    expect(faults.map(faultLine)).toEqual([
      'modules/llm.yaml:6:16 model_list[0].litellm_params.api_key: expected the variable A_KEY to be set, found nothing',
    ])
    expect(faults[0]?.modelIndex).toBe(0)
  })

  test('a missing one in the settings makes the file unusable', () => {
    const environment = environmentOf({ HOST: 'box', A_KEY: 'k', B_MODEL: 'groq/b', B_ORDER: '1' })
    const { module, faults } = read(text, { environment })
    expect(module).toBeUndefined()
    expect(faults.map(({ path }) => path)).toEqual(['general_settings.master_key'])
  })

  test('what a variable holds is never shown', () => {
    const environment = environmentOf({
      HOST: 'not a host, hidden-host',
      A_KEY: 'hidden-key\nhidden',
      B_MODEL: 'groq/b',
      B_ORDER: 'hidden-number',
      LITELLM_MASTER_KEY: 'k',
    })
    const printed = lines(text, { environment }).join('\n')
    expect(printed).toContain('${B_ORDER}')
    expect(printed).toContain('api_base')
    expect(printed).toContain('api_key')
    expect(printed).not.toContain('hidden')
  })

  test('environment_variables goes before the environment and may read it', () => {
    const own = [
      'environment_variables: {HOST: inner, KEY: os.environ/OUTER, GONE: os.environ/NOWHERE}',
      'model_list:',
      '  - {model_name: a, litellm_params: {model: openai/a, api_base: "http://${HOST}/v1", api_key: os.environ/KEY}}',
      '  - {model_name: b, litellm_params: {model: openai/b, api_key: os.environ/GONE}}',
    ].join('\n')
    const { module, faults } = read(own, {
      environment: environmentOf({ HOST: 'outer', OUTER: 'k1' }),
    })
    expect(module?.models.map(({ params }) => [params.apiBase, params.apiKey])).toEqual([
      ['http://inner/v1', 'k1'],
    ])
    expect(module?.environment).toEqual({ HOST: 'inner', KEY: 'k1' })
    expect(faults.map(({ severity, path }) => [severity, path])).toEqual([
      ['warning', 'environment_variables.GONE'],
      ['error', 'model_list[1].litellm_params.api_key'],
    ])
  })

  test('they are not read where no environment is: in our own blocks', () => {
    expect(lines(`${oneModel}deploy: {replicas: "\${N:-2}"}\n`)).toEqual([
      'modules/llm.yaml:2:20 deploy.replicas: expected the value itself: variables are not read here',
    ])
  })

  test('a variable of a key without effect may be missing', () => {
    const withRedis = `${oneModel}router_settings: {redis_host: os.environ/REDIS_HOST}\n`
    const { module, faults } = read(withRedis, { environment: () => undefined })
    expect(module?.models).toHaveLength(1)
    expect(faults).toMatchObject([{ severity: 'warning', path: 'router_settings.redis_host' }])
  })
})

describe('literal secrets', () => {
  test('are refused where a ConfigMap would be made of the file, and the variable is named', () => {
    const { module, faults } = read(withKey('sk-proj-Zk81pLq0vR2uXw7Tn4Bm'))
    expect(module).toBeUndefined()
    expect(faults.map(({ severity, message }) => [severity, message])).toEqual([
      ['error', expect.stringContaining('write os.environ/OPENAI_API_KEY')],
    ])
    expect(JSON.stringify(faults)).not.toContain('Zk81')
  })

  test('are a warning where the gateway reads any config', () => {
    const { module, faults } = read(withKey('sk-proj-Zk81pLq0vR2uXw7Tn4Bm'), {
      environment: () => undefined,
    })
    expect(module?.models[0]?.params.apiKey).toBe('sk-proj-Zk81pLq0vR2uXw7Tn4Bm')
    expect(faults.map(({ severity }) => severity)).toEqual(['warning'])
  })

  test('the option decides where it is given', () => {
    expect(
      read(withKey('sk-proj-Zk81pLq0vR2uXw7Tn4Bm'), { areSecretsRefused: false }).module,
    ).toBeDefined()
  })
})

test('of thousands of faults the first hundreds are listed, and all count', () => {
  const models = Array.from(
    { length: 2000 },
    (_, index) => `  - {model_name: m${index}, litellm_params: {model: []}}`,
  )
  const { module, faults } = read(
    `model_list:\n${models.join('\n')}\n  - {model_name: good, litellm_params: {model: openai/a}}\n`,
  )
  expect(faults).toHaveLength(500)
  expect(module?.models.map(({ modelName }) => modelName)).toEqual(['good'])
  const strange = Array.from({ length: 20_000 }, (_, index) => `  routing_strategx${index}: 1`)
  expect(read(`${oneModel}router_settings:\n${strange.join('\n')}\n`).faults).toHaveLength(500)
})
