import { expect, test } from 'vitest'
import { stringify } from 'yaml'

import { createDeployments } from '../../../gateway/routing/create-deployments.ts'
import { readModule } from '../../../modules/read-module.ts'

function placeOf(params: Record<string, string>): string | undefined {
  const text = stringify({ model_list: [{ model_name: 'a', litellm_params: params }] })
  const { module } = readModule(text, { file: 'f', name: 'm', environment: () => undefined })
  if (!module) throw new Error('not read')
  const findVariable = (name: string) => (name.endsWith('_API_KEY') ? 'a-key' : undefined)
  const [made] = createDeployments(module, { findVariable }).deployments
  return made && made.origin + made.basePath
}

test.each([
  [{ model: 'mistral/x' }, 'https://api.mistral.ai/v1'],
  [{ model: 'mistral/x', api_base: 'https://api.mistral.ai' }, 'https://api.mistral.ai/v1'],
  [{ model: 'mistral/x', api_base: 'https://api.mistral.ai/v2/' }, 'https://api.mistral.ai/v2'],
  [{ model: 'anthropic/x', api_base: 'https://api.anthropic.com/' }, 'https://api.anthropic.com'],
  [{ model: 'anthropic/x', api_base: 'https://api.anthropic.com/v1' }, 'https://api.anthropic.com'],
  [{ model: 'anthropic/x', api_base: 'http://box/a/v1/messages/' }, 'http://box/a'],
  [{ model: 'openai/x', api_base: 'http://127.0.0.1:8000' }, 'http://127.0.0.1:8000'],
])('%j is called at %s', (params, place) => {
  expect(placeOf(params)).toBe(place)
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
