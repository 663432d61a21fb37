import { describe, expect, test } from 'vitest'
import { findLiteralSecrets } from '../../modules/literal-secrets.ts'

function inParams(params: Record<string, unknown>) {
  return findLiteralSecrets({ model_list: [{ model_name: 'a', litellm_params: params }] })
}

// Made up; put together here so that no scanner takes them for real ones.
const chance = 'Zk81pLq0vR2uXw7Tn4BmY6cD'

describe('found', () => {
  test.each([
    [`sk-proj-${chance}`, 'openai/a', 'OPENAI_API_KEY'],
    [`sk-${chance}`, 'deepseek/a', 'DEEPSEEK_API_KEY'],
    [`sk-ant-api03-${chance}`, 'openai/a', 'ANTHROPIC_API_KEY'],
    [`gsk_${chance}`, 'groq/a', 'GROQ_API_KEY'],
    [`AIza${chance}${chance}`, 'gemini/a', 'GEMINI_API_KEY'],
    [`xai-${chance}`, 'xai/a', 'XAI_API_KEY'],
    [`hf_${chance}`, 'huggingface/a', 'HF_TOKEN'],
    ['AKIAQ7ZK3M9XW2LP8RTV', 'bedrock/a', 'AWS_ACCESS_KEY_ID'],
    ['4f9c1e7ab2d84630a5e2c7d19b83f604', 'mistral/a', 'MISTRAL_API_KEY'],
    [chance, 'newcomer/a', 'NEWCOMER_API_KEY'],
  ])('%s as the key of %s', (key, model, variable) => {
    expect(inParams({ model, api_key: key })).toEqual([
      {
        path: ['model_list', 0, 'litellm_params', 'api_key'],
        shown: `${key.slice(0, 4)}…`,
        variable,
      },
    ])
  })

  test('in a service account, as text and as a block', () => {
    const private_key = `-----BEGIN PRIVATE KEY-----\n${chance}\n-----END PRIVATE KEY-----\n`
    for (const vertex_credentials of [{ private_key }, JSON.stringify({ private_key })]) {
      const found = inParams({ model: 'vertex_ai/a', vertex_credentials })
      expect(found.map(({ variable }) => variable)).toEqual(['VERTEXAI_CREDENTIALS'])
      expect(JSON.stringify(found)).not.toContain(chance)
    }
  })

  test('in headers, in free-form bodies and under any name', () => {
    const found = inParams({
      model: 'openai/a',
      extra_headers: { Authorization: `Bearer ${chance}`, 'X-Note': `uses gsk_${chance}` },
      extra_body: { nested: [{ deep: `sk-${chance}` }] },
    })
    expect(found.map(({ path }) => path.slice(4))).toEqual([
      ['Authorization'],
      ['X-Note'],
      ['nested', 0, 'deep'],
    ])
  })

  test('in the settings, with the variable that is read for it', () => {
    const found = findLiteralSecrets({
      general_settings: {
        master_key: `sk-${chance}`,
        database_url: 'postgresql://llm:h4rdtoguess@db/llm',
      },
      router_settings: { redis_password: 'h4rdtoguess' },
      environment_variables: { LANGFUSE_SECRET_KEY: chance },
    })
    expect(found.map(({ variable }) => variable)).toEqual([
      'LITELLM_MASTER_KEY',
      'DATABASE_URL',
      'REDIS_PASSWORD',
      'LANGFUSE_SECRET_KEY',
    ])
  })
})

describe('passed', () => {
  test.each([
    'none',
    'dummy',
    'sk-1234',
    'fake-api-key',
    '',
    'ollama',
    'not-needed',
    'sk-your-key-goes-right-here-2',
    'os.environ/OPENAI_API_KEY',
    '${OPENAI_API_KEY}',
    'sk-xxxxxxxxxxxxxxxxxxxxxxxx1',
    'anything',
    'lm-studio',
    'sk-llm-module-key',
    'sk-none-of-your-business-mister',
    'EMPTY',
  ])('%j as a key', (key) => {
    expect(inParams({ model: 'openai/a', api_key: key })).toEqual([])
  })

  test('long names of models and digests that are no keys', () => {
    expect(
      inParams({
        model: 'hosted_vllm/RedHatAI/Meta-Llama-3.1-70B-Instruct-quantized.w4a16',
        api_base: 'https://a1b2c3d4e5f6a7b8c9d0.endpoints.example.com/v1',
        api_version: '2024-10-21-preview',
      }),
    ).toEqual([])
    expect(
      findLiteralSecrets({
        general_settings: {
          database_url: 'postgresql://llm:${DB_PASSWORD}@db:5432/llm',
          litellm_key_header_name: 'X-My-Company-Key-2024-Edition',
        },
      }),
    ).toEqual([])
    expect(
      findLiteralSecrets({
        general_settings: { database_url: 'postgresql://llm:postgres@db/llm' },
      }),
    ).toEqual([])
  })
})
