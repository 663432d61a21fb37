import { describe, expect, test } from 'vitest'
import { providers, resolveProvider } from '../../../gateway/providers/index.ts'

function resolved(model: string, more: { customProvider?: string; apiBase?: string } = {}): string {
  const found = resolveProvider({ model, ...more })
  return 'fault' in found ? `fault: ${found.fault}` : `${found.provider.name} ${found.model}`
}

function namesOf(name: string, answer: unknown): readonly string[] | undefined {
  return providers[name]?.modelList.namesIn(answer)
}

describe('the prefix', () => {
  test.each([
    ['openai/gpt-4.1', 'openai gpt-4.1'],
    ['openai/Systran/faster-whisper-large-v3', 'openai Systran/faster-whisper-large-v3'],
    ['openai//models/x.gguf', 'openai /models/x.gguf'],
    ['hosted_vllm/meta-llama/Llama-3.1-8B', 'hosted_vllm meta-llama/Llama-3.1-8B'],
    ['vllm/x', 'vllm x'],
    ['lm_studio/x', 'lm_studio x'],
    ['ollama/nomic-embed-text', 'ollama nomic-embed-text'],
    ['ollama_chat/qwen3:8b', 'ollama_chat qwen3:8b'],
    ['ollama_chat/*', 'ollama_chat *'],
    ['a1111/default', 'a1111 default'],
    [' groq/llama ', 'groq llama'],
  ])('%s', (model, expected) => {
    expect(resolved(model)).toBe(expected)
  })
})

test.each([
  'gpt-4.1',
  'o1',
  'o3-mini',
  'text-embedding-3-small',
  'dall-e-3',
  'whisper-1',
  'tts-1',
  'chatgpt-4o-latest',
  '*',
])('%s without a prefix is a model of OpenAI', (model) => {
  expect(resolved(model)).toBe(`openai ${model}`)
})

test.each([
  ['gpt-4-turbo', 'openai gpt-4-turbo'],
  ['ft:gpt-4o:me::1', 'openai ft:gpt-4o:me::1'],
  ['claude-sonnet-4-5', 'anthropic claude-sonnet-4-5'],
  ['gemini-2.5-flash', 'gemini gemini-2.5-flash'],
  ['command-r-plus', 'cohere command-r-plus'],
])('%s is a name of one vendor', (model, expected) => {
  expect(resolved(model)).toBe(expected)
})

describe('custom_llm_provider', () => {
  test('overrides what the name looks like', () => {
    expect(resolved('gpt-4.1', { customProvider: 'ollama_chat' })).toBe('ollama_chat gpt-4.1')
    expect(resolved('meta/llama', { customProvider: 'hosted_vllm' })).toBe('hosted_vllm meta/llama')
  })

  test('is not written twice into the model', () => {
    expect(resolved('groq/llama', { customProvider: 'groq' })).toBe('groq llama')
  })

  test('that nobody knows is a fault with the nearest names', () => {
    expect(resolved('x', { customProvider: 'olama' })).toMatch(
      /unknown custom_llm_provider 'olama'\. Did you mean ollama/,
    )
  })
})

test("a service's own address tells its dialect", () => {
  expect(resolved('meta-llama/llama-3', { apiBase: 'https://api.groq.com/openai/v1' })).toBe(
    'groq meta-llama/llama-3',
  )
})

describe('what cannot be told is a fault that says what to write', () => {
  test.each([
    ['opnai/gpt-4.1', /unknown provider 'opnai'\. Did you mean openai.*api_base/],
    [
      'acme/x',
      /unknown provider 'acme'\. For a server that speaks OpenAI's API write openai\/acme\/x/,
    ],
    ['qwen3:8b', /ollama_chat\/qwen3:8b/],
    ['openai/', /expected a model name after openai\//],
    ['', /found nothing/],
    ['__proto__/x', /unknown provider '__proto__'/],
    ['constructor/x', /unknown provider 'constructor'/],
  ])('%s', (model, expected) => {
    expect(resolved(model)).toMatch(expected)
  })

  test('even where an address is given', () => {
    expect(resolved('acme/x', { apiBase: 'http://127.0.0.1:9000/v1' })).toMatch(
      /^fault: .*openai\/acme\/x/,
    )
  })
})

describe('every entry of the list', () => {
  test.each(Object.entries(providers))('%s is whole', (name, provider) => {
    expect(provider.name).toBe(name)
    expect(Object.keys(provider.endpoints).length).toBeGreaterThan(0)
    if (provider.defaultBase !== undefined) {
      expect(URL.canParse(provider.defaultBase)).toBe(true)
      expect(provider.defaultBase).not.toMatch(/\/$/)
    }
    for (const variable of provider.keyVariables) expect(variable).toMatch(/^[A-Z][A-Z0-9_]+$/)
    for (const variable of provider.baseVariables ?? [])
      expect(variable).toMatch(/^[A-Z][A-Z0-9_]+$/)
    expect(provider.isKeyNeeded && provider.keyVariables.length === 0).toBe(false)
  })

  test('names models out of its list, and none out of anything else', () => {
    expect(namesOf('openai', { data: [{ id: 'a' }, { id: 7 }, 'x'] })).toEqual(['a'])
    expect(namesOf('ollama', { models: [{ name: 'qwen3:8b' }] })).toEqual(['qwen3:8b'])
    expect(namesOf('a1111', [{ title: 'a [1]', model_name: 'a' }])).toEqual(['a'])
    for (const name of ['openai', 'ollama', 'a1111']) {
      for (const answer of [null, 7, 'x', {}, { data: 7, models: {} }])
        expect(namesOf(name, answer)).toEqual([])
    }
  })
})

test("WebUI's name and password go as they should", () => {
  expect(providers['a1111']?.keyHeader?.('me:secret')).toEqual([
    'authorization',
    'Basic bWU6c2VjcmV0',
  ])
})
