import { describe, expect, test } from 'vitest'
import { stringify } from 'yaml'

import { GatewayError } from '../../../gateway/errors/gateway-error.ts'
import { createDeployments } from '../../../gateway/routing/create-deployments.ts'
import { createRouter, type Route } from '../../../gateway/routing/router.ts'
import { fillWildcard } from '../../../gateway/routing/wildcard.ts'
import { readModule } from '../../../modules/read-module.ts'

interface Entry {
  readonly name: string
  readonly model?: string
  readonly id?: string
}

function routerOf(entries: readonly (string | Entry)[], settings: object = {}) {
  const list = entries.map((entry): Entry => (typeof entry === 'string' ? { name: entry } : entry))
  const text = stringify({
    model_list: list.map(({ name, model = `openai/${name}-up`, id }) => ({
      model_name: name,
      litellm_params: { model, api_key: 'none', api_base: 'http://127.0.0.1:1/v1' },
      ...(id === undefined ? {} : { model_info: { id } }),
    })),
    router_settings: settings,
  })
  const { module } = readModule(text, { file: 'f', name: 'm', environment: () => undefined })
  if (!module) throw new Error('not read')
  const { deployments } = createDeployments(module, { findVariable: () => undefined })
  return createRouter(module, deployments)
}

/** Each group with what is asked of the upstream: `a: up`. */
function shown(route: Route | undefined, asked: string): string[] {
  return (route ?? []).map(
    (group) =>
      `${group.name}: ${group.deployments.map(({ target }) => fillWildcard(target.model, group, asked)).join(' ')}`,
  )
}

function found(
  entries: readonly (string | Entry)[],
  asked: string,
  settings: object = {},
): string[] {
  return shown(routerOf(entries, settings).route(asked), asked)
}

describe('a name is looked for', () => {
  const twins = [
    { name: 'a', id: 'a-1' },
    { name: 'a', id: 'a-2', model: 'openai/other' },
  ]

  test('as a model', () => {
    expect(found(twins, 'a')).toEqual(['a: a-up other'])
  })

  test('as the id of a deployment, which stays in its group for labels', () => {
    expect(found(twins, 'a-2')).toEqual(['a: other'])
    expect(found([...twins, 'a-2'], 'a-2')).toEqual(['a: other'])
  })

  test('as a model where an id repeats its own name', () => {
    expect(
      found(
        [
          { name: 'a', id: 'a' },
          { name: 'a', id: 'b' },
        ],
        'a',
      ),
    ).toEqual(['a: a-up a-up'])
  })

  test('as an alias before a model of the same name, as with LiteLLM', () => {
    const settings = { model_group_alias: { a: 'b' } }
    expect(found(['a', 'b'], 'a', settings)).toEqual(['b: b-up'])
  })

  test('as an alias of several, in order, which may name itself and other aliases', () => {
    const settings = { model_group_alias: { a: ['c', 'x', 'a', 'c'], x: { model: 'b' } } }
    expect(found(['a', 'b', 'c'], 'a', settings)).toEqual(['c: c-up', 'b: b-up', 'a: a-up'])
  })

  test('through aliases in a circle, and ends', () => {
    const settings = { model_group_alias: { x: ['y', 'a'], y: ['x', 'b'] } }
    expect(found(['a', 'b'], 'x', settings)).toEqual(['b: b-up', 'a: a-up'])
  })

  test('as an alias of a name that a pattern takes', () => {
    const settings = { model_group_alias: { short: 'groq/llama' } }
    expect(found([{ name: 'groq/*', model: 'groq/*' }], 'short', settings)).toEqual([
      'groq/*: llama',
    ])
    expect(found([{ name: '*', model: 'openai/*' }], 'short', settings)).toEqual(['*: groq/llama'])
  })

  test('by the most specific pattern, several side by side', () => {
    const entries = ['openai/*', 'groq/*', 'groq/llama-*', '*'].map((name) => ({
      name,
      model: name === '*' ? 'ollama_chat/*' : name,
    }))
    expect(found(entries, 'openai/gpt-4.1')).toEqual(['openai/*: gpt-4.1'])
    expect(found(entries, 'groq/llama-3')).toEqual(['groq/llama-*: llama-3'])
    expect(found(entries, 'groq/other')).toEqual(['groq/*: other'])
    expect(found(entries, 'mistral/large')).toEqual(['*: mistral/large'])
  })

  test('with its provider before it, where the name alone finds nothing', () => {
    const entries = ['openai/*', 'anthropic/*', 'gemini/*'].map((name) => ({ name, model: name }))
    expect(found(entries, 'gpt-4o')).toEqual(['openai/*: gpt-4o'])
    expect(found(entries, 'claude-sonnet-4-5')).toEqual(['anthropic/*: claude-sonnet-4-5'])
    expect(found(entries, 'gemini-2.5-flash')).toEqual(['gemini/*: gemini-2.5-flash'])
    expect(routerOf(entries).find('qwen3')).toBeUndefined()
  })

  test("as the upstream's own name, with the models it stands behind", () => {
    const entries = [
      { name: 'fast', model: 'groq/llama' },
      { name: 'slow', model: 'groq/llama' },
      { name: 'fast', model: 'groq/other' },
    ]
    expect(found(entries, 'groq/llama')).toEqual(['fast: llama', 'slow: llama'])
  })

  test('in vain, so that the first default fallback takes it', () => {
    const settings = { default_fallbacks: ['b', 'a'] }
    expect(found(['a', 'b'], 'unheard-of', settings)).toEqual(['b: b-up'])
    expect(routerOf(['a', 'b'], settings).find('unheard-of')).toBeUndefined()
  })

  test('in vain: near names are told, hidden ones are not', () => {
    const router = routerOf(['qwen3', 'llama'], {
      model_group_alias: { qwen: { model: 'qwen3', hidden: true } },
    })
    const ask = (name: string) => () => router.route(name)
    expect(ask('qwne3')).toThrow(
      'Invalid model name passed in model=qwne3. Did you mean qwen3? `GET /v1/models` lists all.',
    )
    expect(ask('zebra')).toThrow('This module has qwen3, llama.')
    expect(ask('constructor')).toThrow(GatewayError)
    expect(ask('__proto__')).toThrow(GatewayError)
  })
})

test('a name that is written down is found without making anything', () => {
  const router = routerOf(['a'], { model_group_alias: { x: 'a' } })
  expect(router.route('a')).toBe(router.route('a'))
  expect(router.route('x')).toBe(router.route('x'))
})

test('a pattern asked for by its own text is filled with a star, not with nothing', () => {
  expect(found([{ name: 'openai/*', model: 'openai/*' }], 'openai/*')).toEqual(['openai/*: *'])
})

test('aliases are listed first, hidden ones not, and nothing twice', () => {
  const router = routerOf(['a', 'b', 'groq/*'], {
    model_group_alias: {
      x: 'a',
      y: { model: 'a', hidden: true },
      b: 'a',
      z: 'groq/llama',
      gone: 'nowhere',
    },
  })
  expect(router.listed.map(({ id }) => id)).toEqual(['x', 'b', 'z', 'a', 'groq/*'])
})
