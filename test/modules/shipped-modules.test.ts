import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readModule } from '../../modules/read-module.ts'

function read(name: string, values: Record<string, string> = {}) {
  const file = `modules/${name}.yaml`
  const text = readFileSync(join(import.meta.dirname, '../..', file), 'utf8')
  const environment = (variable: string) => ({ BACKEND_HOST: 'box', ...values })[variable]
  return readModule(text, { file, name, environment, areSecretsRefused: true })
}

const table = [
  {
    name: 'llm',
    port: 30_100,
    replicas: 2,
    endpoints: ['chat-completions', 'completions', 'responses', 'messages'],
    models: ['gpt-4.1', 'deepseek', 'qwen', 'llama', 'gpt-oss'],
    bases: ['http://box:11434'],
  },
  {
    name: 'vision',
    port: 30_200,
    replicas: 1,
    endpoints: ['chat-completions'],
    models: ['gpt-4-vision', 'llava', 'bakllava', 'vision-general'],
    bases: ['http://box:11434/v1'],
  },
  {
    name: 'audio',
    port: 30_300,
    replicas: 1,
    endpoints: ['audio-transcriptions', 'audio-translations', 'audio-speech'],
    models: ['whisper', 'whisper-large', 'speech-to-text'],
    bases: ['http://box:8000/v1'],
  },
  {
    name: 'image-gen',
    port: 30_400,
    replicas: 1,
    endpoints: ['images-generations', 'images-edits', 'images-variations'],
    models: ['dall-e-3', 'stable-diffusion', 'image-gen'],
    bases: ['http://box:7860'],
  },
  {
    name: 'embeddings',
    port: 30_500,
    replicas: 1,
    endpoints: ['embeddings'],
    models: ['nomic-embed-text', 'all-minilm', 'text-embedding-ada-002', 'embeddings'],
    bases: ['http://box:11434'],
  },
]

describe.each(table)('$name', ({ name, port, replicas, endpoints, models, bases }) => {
  test('is what the table says, without a fault', () => {
    const { module, deploy, faults } = read(name)
    expect(faults).toEqual([])
    expect(deploy).toMatchObject({ nodePort: port, replicas })
    expect(module?.endpoints).toEqual(endpoints)
    expect(module?.models.map(({ modelName }) => modelName)).toEqual(models)
    expect([...new Set(module?.models.map(({ params }) => params.apiBase))]).toEqual(bases)
  })
})

test('one variable points all of vision at another server', () => {
  const { module } = read('vision', { VISION_API_BASE: 'http://reader:8097/v1' })
  expect(new Set(module?.models.map(({ params }) => params.apiBase))).toEqual(
    new Set(['http://reader:8097/v1']),
  )
})
