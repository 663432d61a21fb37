import { lazily } from './lazily.ts'
import type { Provider } from './provider.ts'
import { isObject } from '../../modules/json-object.ts'
import { textsUnder } from './read-json.ts'

/** Ollama in its own dialect; `ollama/` and `ollama_chat/` mean the same. */
export function createOllama(name: string): Provider {
  return {
    name,
    defaultBase: 'http://localhost:11434',
    baseVariables: ['OLLAMA_API_BASE'],
    keyVariables: ['OLLAMA_API_KEY'],
    isKeyNeeded: false,
    endpoints: {
      'chat-completions': lazily(async () => (await import('./ollama-chat.ts')).ollamaChat),
      completions: lazily(async () => (await import('./ollama-generate.ts')).ollamaGenerate),
      embeddings: lazily(async () => (await import('./ollama-embed.ts')).ollamaEmbed),
    },
    modelList: {
      path: '/api/tags',
      namesIn: (answer) => (isObject(answer) ? textsUnder('name', answer.models) : []),
    },
    usageReader: async () => (await import('./own-usage.ts')).ollamaUsage,
  }
}
