import { isObject } from '../../modules/json-object.ts'
import { lazily } from './lazily.ts'
import type { Provider } from './provider.ts'
import { textsUnder } from './read-json.ts'

/** Cohere's second API: chat, embed and rerank; `cohere/` and `cohere_chat/` mean the same. */
export function createCohere(name: string): Provider {
  return {
    name,
    defaultBase: 'https://api.cohere.com',
    // Bases of its first API and of its OpenAI-compatible one are in many files.
    baseEnding: /\/(compatibility\/v1|v[12])(\/(chat|embed|rerank))?$/,
    baseVariables: ['COHERE_API_BASE'],
    keyVariables: ['COHERE_API_KEY', 'CO_API_KEY'],
    isKeyNeeded: true,
    endpoints: {
      'chat-completions': lazily(async () => (await import('./cohere-chat.ts')).cohereChat),
      embeddings: lazily(async () => (await import('./cohere-embed.ts')).cohereEmbed),
      rerank: cohereRerank,
    },
    modelList: {
      path: '/v1/models?page_size=1000',
      namesIn: (answer) => (isObject(answer) ? textsUnder('name', answer.models) : []),
    },
    usageReader: async () => (await import('./own-usage.ts')).cohereUsage,
  }
}

// It ranks texts and returns none.
const cohereRerank = lazily(async () =>
  (await import('./rerank.ts')).createRerank({
    path: '/v2/rerank',
    unsayable: [
      {
        field: 'max_chunks_per_doc',
        isAsked: () => true,
        reason: 'Cohere has max_tokens_per_doc instead.',
      },
    ],
  }),
)
