import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { demoDocument } from '../../../scripts/local/demo-document.ts'

const addresses = {
  ollama: 'http://127.0.0.1:1',
  speech: 'http://127.0.0.1:2',
  pictures: 'http://127.0.0.1:3',
  openai: 'http://127.0.0.1:4',
}

const read = (text: string) => parse(demoDocument(text, addresses))

test('every deployment leads to a stand-in of its dialect, with no real key', () => {
  const { model_list: list } = read(`
model_list:
  - {model_name: a, litellm_params: {model: ollama_chat/qwen3:8b, api_base: "http://\${BACKEND_HOST}:11434"}}
  - {model_name: b, litellm_params: {model: a1111/default, api_base: "http://x:7860"}}
  - {model_name: c, litellm_params: {model: gpt-4o, api_key: os.environ/OPENAI_API_KEY}}
`)
  expect(list).toEqual([
    {
      model_name: 'demo/a',
      litellm_params: {
        model: 'ollama_chat/qwen3:8b',
        api_base: addresses.ollama,
        api_key: 'demo',
      },
    },
    {
      model_name: 'demo/b',
      litellm_params: { model: 'a1111/default', api_base: addresses.pictures, api_key: 'demo' },
    },
    {
      model_name: 'demo/c',
      litellm_params: {
        model: 'openai/gpt-4o',
        api_base: `${addresses.openai}/v1`,
        api_key: 'demo',
      },
    },
  ])
})

test.each([
  ['mistral/large', 'mistral/large'],
  ['anthropic/claude-sonnet-4-5', 'openai/claude-sonnet-4-5'],
  ['gemini/gemini-2.5-flash', 'openai/gemini-2.5-flash'],
  ['azure/gpt-4o', 'openai/gpt-4o'],
  ['cohere/command-a-03-2025', 'openai/command-a-03-2025'],
  ['huggingface/meta-llama/Llama-3.3-70B-Instruct', 'openai/meta-llama/Llama-3.3-70B-Instruct'],
])('%s is played by %s', (model, played) => {
  const { model_list: list } = read(
    `model_list: [{model_name: a, litellm_params: {model: ${model}}}]`,
  )
  expect(list[0].litellm_params).toMatchObject({
    model: played,
    api_base: `${addresses.openai}/v1`,
  })
})

test('what draws by a workflow is played by one that draws without', () => {
  const { model_list: list } = read(
    'model_list: [{model_name: a, litellm_params: {model: comfyui/xl, workflow: {}, steps: 4}}]',
  )
  expect(list[0].litellm_params).toEqual({
    model: 'a1111/xl',
    api_base: addresses.pictures,
    api_key: 'demo',
    steps: 4,
  })
})

test('aliases and fallbacks follow the renamed models', () => {
  const { router_settings: router, litellm_settings: litellm } = read(`
model_list: [{model_name: a, litellm_params: {model: ollama/a}}]
router_settings: {model_group_alias: {short: a}, routing_strategy: simple-shuffle}
litellm_settings: {fallbacks: [{a: [short]}]}
`)
  expect(router).toEqual({
    model_group_alias: { 'demo/short': 'demo/a' },
    routing_strategy: 'simple-shuffle',
  })
  expect(litellm).toEqual({ fallbacks: [{ 'demo/a': ['demo/short'] }] })
})

test("the user's own database is left out of it", () => {
  const text =
    'model_list: []\ngeneral_settings: {database_url: postgres://x, master_key: os.environ/K}'
  expect(read(text)['general_settings']).toEqual({ master_key: 'os.environ/K' })
})
