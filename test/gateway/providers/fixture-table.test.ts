import { expect, test } from 'vitest'
import { providers } from '../../../gateway/providers/index.ts'
import { openAiVendors } from '../../../gateway/providers/openai-vendors.ts'
import { chatKinds, kindsOf, recordedIn, type ChatKind } from './fixture-kinds.ts'

/** Folders of recorded exchanges, where they are not called as the provider. */
const folders: Readonly<Record<string, string>> = {
  ollama_chat: 'ollama',
  cohere_chat: 'cohere',
  jina_ai: 'jina',
  vertex_ai: 'vertex-ai',
  whisper_cpp: 'whisper-cpp',
}

/** What a dialect of chat has no way to show. */
const absent: Readonly<Record<string, readonly ChatKind[]>> = {
  // It has no filter, and tells nothing of its cache.
  ollama: ['content_filter', 'cached tokens'],
  ollama_chat: ['content_filter', 'cached tokens'],
}

/** Vendors of OpenAI's own dialect, whose rerank is translated for all of them as it is for infinity. */
const ofOneKind = new Set(Object.keys(openAiVendors))

const translated = Object.entries(providers).map(([name, { endpoints }]) => ({
  name,
  endpoints: Object.entries(endpoints)
    .filter(([, { kind }]) => kind !== 'pass-through')
    .map(([endpoint]) => endpoint)
    .sort(),
}))
const own = translated.filter(
  ({ name, endpoints }) =>
    endpoints.length > 0 && !(ofOneKind.has(name) && endpoints.join() === 'rerank'),
)
const folderOf = (name: string): string => folders[name] ?? name

test.each(own)('$name has recorded exchanges of every endpoint it translates', (provider) => {
  const recorded = recordedIn(folderOf(provider.name))
  const seen = new Set<string>(recorded.map(({ fixture }) => fixture.request.endpoint))
  expect(provider.endpoints.filter((endpoint) => !seen.has(endpoint))).toEqual([])
})

const chatting = own.filter(({ endpoints }) => endpoints.includes('chat-completions'))

test.each(chatting)('$name has every kind of chat', ({ name }) => {
  const chats = recordedIn(folderOf(name)).filter(
    ({ fixture }) => fixture.request.endpoint === 'chat-completions',
  )
  const seen = new Set(chats.flatMap((one) => [...kindsOf(one)]))
  const missing = chatKinds.filter((kind) => !seen.has(kind))
  // Named both ways: what is there need not be excused.
  expect(missing).toEqual(chatKinds.filter((kind) => absent[name]?.includes(kind)))
})

test('the rerank of all others is recorded once', () => {
  expect(recordedIn('infinity').map(({ fixture }) => fixture.request.endpoint)).toContain('rerank')
})
