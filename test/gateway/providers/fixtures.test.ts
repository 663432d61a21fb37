import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { providers } from '../../../gateway/providers/index.ts'
import { play, type Fixture, type Outcome } from './run-fixture.ts'

const folder = new URL('../../fixtures/', import.meta.url)

describe.each([
  ['ollama', 'ollama_chat'],
  ['a1111', 'a1111'],
  ['anthropic', 'anthropic'],
  ['gemini', 'gemini'],
  ['vertex-ai', 'vertex_ai'],
  ['cohere', 'cohere'],
  ['jina', 'jina_ai'],
  ['voyage', 'voyage'],
  ['huggingface', 'huggingface'],
  ['infinity', 'infinity'],
  ['bedrock', 'bedrock'],
  ['whisper-cpp', 'whisper_cpp'],
  ['deepgram', 'deepgram'],
  ['elevenlabs', 'elevenlabs'],
  ['piper', 'piper'],
])('recorded exchanges with %s', (name, prefix) => {
  const files = readdirSync(new URL(`${name}/`, folder)).filter((file) =>
    /^(?!.*\.golden).*\.json$/.test(file),
  )
  const read = (file: string): string => readFileSync(new URL(`${name}/${file}`, folder), 'utf8')

  test.each(files.map((file) => [file, read(file)]))('%s', async (file, text) => {
    const fixture: Fixture = JSON.parse(text)
    const provider = providers[prefix]
    if (provider === undefined) throw new Error(`no provider ${prefix}`)
    const outcome: Outcome = JSON.parse(JSON.stringify(play(provider, fixture)))
    const golden = new URL(`${name}/${file.replace('.json', '.golden.json')}`, folder)
    await expect(`${JSON.stringify(outcome, null, 2)}\n`).toMatchFileSnapshot(golden.pathname)
  })
})
