import { expect, test } from 'vitest'
import { stringify } from 'yaml'

import { createDeployments } from '../../../gateway/routing/create-deployments.ts'
import type { Deployment } from '../../../gateway/routing/deployment.ts'
import { readModule } from '../../../modules/read-module.ts'

function madeOf(params: Record<string, string>): Deployment | undefined {
  const text = stringify({ model_list: [{ model_name: 'a', litellm_params: params }] })
  const { module } = readModule(text, { file: 'f', name: 'm', environment: () => undefined })
  if (!module) throw new Error('not read')
  const findVariable = (name: string) => (name.endsWith('_API_KEY') ? 'a-key' : undefined)
  return createDeployments(module, { findVariable }).deployments[0]
}

function placeOf(params: Record<string, string>): string | undefined {
  const made = madeOf(params)
  return made && made.origin + made.basePath
}

test.each([
  [{ model: 'mistral/x' }, 'https://api.mistral.ai/v1'],
  [{ model: 'mistral/x', api_base: 'https://api.mistral.ai' }, 'https://api.mistral.ai/v1'],
  [{ model: 'mistral/x', api_base: 'https://api.mistral.ai/v2/' }, 'https://api.mistral.ai/v2'],
  [{ model: 'anthropic/x', api_base: 'https://api.anthropic.com/' }, 'https://api.anthropic.com'],
  [{ model: 'anthropic/x', api_base: 'https://api.anthropic.com/v1' }, 'https://api.anthropic.com'],
  [{ model: 'anthropic/x', api_base: 'http://box/a/v1/messages/' }, 'http://box/a'],
  [
    { model: 'gemini/x', api_base: 'https://generativelanguage.googleapis.com/v1beta/openai' },
    'https://generativelanguage.googleapis.com/v1beta',
  ],
  [{ model: 'vertex_ai/x' }, 'https://aiplatform.googleapis.com/v1'],
  [
    { model: 'vertex_ai/x', vertex_project: 'p' },
    'https://us-central1-aiplatform.googleapis.com/v1',
  ],
  [
    { model: 'vertex_ai/x', vertex_project: 'p', vertex_location: 'global' },
    'https://aiplatform.googleapis.com/v1',
  ],
  [
    { model: 'vertex_ai/x', vertex_ai_project: 'p', vertex_ai_location: 'eu' },
    'https://aiplatform.eu.rep.googleapis.com/v1',
  ],
  [
    {
      model: 'vertex_ai/x',
      vertex_project: 'p',
      api_base: 'https://us-central1-aiplatform.googleapis.com',
    },
    'https://us-central1-aiplatform.googleapis.com/v1',
  ],
  [{ model: 'openai/x', api_base: 'http://127.0.0.1:8000' }, 'http://127.0.0.1:8000'],
  [{ model: 'cohere/x' }, 'https://api.cohere.com'],
  [{ model: 'cohere/x', api_base: 'https://api.cohere.ai/v2/chat' }, 'https://api.cohere.ai'],
  [{ model: 'huggingface/a/b' }, 'https://router.huggingface.co'],
  [{ model: 'huggingface/tgi', api_base: 'http://box:8080/v1/' }, 'http://box:8080'],
  [{ model: 'huggingface/a/b', api_base: 'http://box:8080/rerank' }, 'http://box:8080'],
  [{ model: 'infinity/x', api_base: 'http://box:7997/v1/rerank' }, 'http://box:7997/v1'],
  [{ model: 'voyage/x', api_base: 'https://api.voyageai.com' }, 'https://api.voyageai.com/v1'],
])('%j is called at %s', (params, place) => {
  expect(placeOf(params)).toBe(place)
})

test.each([
  [{ model: 'huggingface/together/deepseek-ai/R1' }, 'deepseek-ai/R1:together', true],
  [
    { model: 'huggingface/together/deepseek-ai/R1', api_base: 'http://box/v1' },
    'together/deepseek-ai/R1',
    false,
  ],
])('%j is asked for as %s', (params, model, isVendor) => {
  expect(madeOf(params)?.target).toMatchObject({ model, isVendor })
})

test('ids are stable, apart, and hold no key', () => {
  const idsWith = (key: string): string[] => {
    const params = { model: 'openai/x', api_base: 'http://127.0.0.1:1/v1' }
    const keys = [{ api_key: key }, {}, {}]
    const model_list = keys.map((more) => ({
      model_name: 'a',
      litellm_params: { ...params, ...more },
    }))
    const { module } = readModule(stringify({ model_list }), { file: 'f', name: 'm' })
    if (!module) throw new Error('not read')
    const { deployments } = createDeployments(module, { findVariable: () => undefined })
    return deployments.map(({ id }) => id)
  }
  expect(idsWith('k1')).toEqual(idsWith('k2'))
  expect(new Set(idsWith('k1')).size).toBe(3)
})
