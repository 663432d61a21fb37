import { expect, test } from 'vitest'

import { lazily } from '../../../gateway/providers/lazily.ts'
import { loadTranslations } from '../../../gateway/providers/load-translations.ts'
import type { Provider, Translated } from '../../../gateway/providers/provider.ts'

const translated: Translated = {
  kind: 'translated',
  toUpstream: () => ({ method: 'POST', path: '/' }),
  toAnswer: () => ({}),
}

const providerOf = (endpoints: Provider['endpoints']): Provider => ({
  name: 'x',
  keyVariables: [],
  isKeyNeeded: false,
  endpoints,
  modelList: { path: '/', namesIn: () => [] },
})

test('what a module offers is loaded, what it does not is left alone, and a fault takes nothing down', async () => {
  const loaded: string[] = []
  const lazy = (name: string) =>
    lazily(async () => {
      loaded.push(name)
      if (name === 'broken') throw new Error('there is no such file')
      return translated
    })
  const provider = providerOf({
    'chat-completions': lazy('broken'),
    embeddings: lazy('embeddings'),
    rerank: lazy('rerank'),
  })
  await loadTranslations([provider], ['chat-completions', 'embeddings', 'completions'])
  expect(loaded).toEqual(['broken', 'embeddings'])
})
