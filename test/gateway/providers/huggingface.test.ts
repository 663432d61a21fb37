import { expect, test } from 'vitest'

import { teiEmbeddings } from '../../../gateway/providers/huggingface.ts'
import { routedName } from '../../../gateway/providers/openai-vendors.ts'
import { requestFor, targetFor } from './run-fixture.ts'

test.each([
  ['meta-llama/Llama-3.3-70B-Instruct', 'meta-llama/Llama-3.3-70B-Instruct'],
  ['together/deepseek-ai/DeepSeek-R1', 'deepseek-ai/DeepSeek-R1:together'],
  ['fireworks-ai/Qwen/QwQ-32B', 'Qwen/QwQ-32B:fireworks-ai'],
  ['Qwen/QwQ-32B:groq', 'Qwen/QwQ-32B:groq'],
  ['gpt2', 'gpt2'],
  ['*', '*'],
  ['together/*', 'together/*'],
])('%s is %s at the router', (model, name) => {
  expect(routedName(model)).toBe(name)
})

function pathFor(model: string, fields: Record<string, unknown> = {}, isVendor = true): string {
  const request = requestFor({ endpoint: 'embeddings', fields: { input: 'a', ...fields } })
  return teiEmbeddings.toUpstream(request, { ...targetFor(model), isVendor }).path
}

test.each([
  [
    'BAAI/bge-small-en-v1.5',
    '/hf-inference/models/BAAI/bge-small-en-v1.5/pipeline/feature-extraction',
  ],
  ['a b/c?d#e', '/hf-inference/models/a%20b/c%3Fd%23e/pipeline/feature-extraction'],
])('vectors of %s come from a path of its own', (model, path) => {
  expect(pathFor(model)).toBe(path)
})

test.each(['../../v1', 'a/..', 'a//b', ''])('a model named %j leads nowhere else', (model) => {
  expect(() => pathFor(model)).toThrow(
    expect.objectContaining({ code: 'invalid_request', param: 'model' }),
  )
})

test('input_type is the API that LiteLLM asks, and no purpose', () => {
  expect(pathFor('m', { input_type: 'feature-extraction' }, false)).toBe('/v1/embeddings')
  expect(() => pathFor('m', { input_type: 'query' }, false)).toThrow(
    expect.objectContaining({ code: 'unsupported_parameter', param: 'input_type' }),
  )
})
