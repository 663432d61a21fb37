import { isObject } from '../../modules/json-object.ts'
import { geminiPath, type PathOf } from './gemini-models.ts'
import { lazily } from './lazily.ts'
import type { Provider } from './provider.ts'
import { textsUnder } from './read-json.ts'

const pathOf: PathOf = ({ model }, method) => geminiPath(model, method)

/** Google's Gemini API in its own dialect, by the keys of AI Studio. */
export const gemini: Provider = {
  name: 'gemini',
  defaultBase: 'https://generativelanguage.googleapis.com/v1beta',
  baseVariables: ['GEMINI_API_BASE'],
  // The end of Google's OpenAI-compatible address.
  baseEnding: /\/openai$/,
  keyVariables: ['GEMINI_API_KEY', 'GOOGLE_API_KEY'],
  isKeyNeeded: true,
  keyHeader: (key) => ['x-goog-api-key', key],
  endpoints: {
    'chat-completions': lazily(async () => {
      const { createGeminiChat } = await import('./gemini-chat.ts')
      return createGeminiChat({ pathOf, takesCallIds: true })
    }),
    embeddings: lazily(async () => {
      const { createGeminiEmbeddings } = await import('./gemini-embed.ts')
      return createGeminiEmbeddings(pathOf)
    }),
    ...geminiPictures(pathOf),
  },
  modelList: { path: '/models?pageSize=1000', namesIn: modelNamesIn },
  queryKey: 'key',
  usageReader: async () => (await import('./own-usage.ts')).geminiUsage,
}

/** Pictures by Imagen and by Gemini itself, made and edited. */
export function geminiPictures(path: PathOf): Provider['endpoints'] {
  return {
    'images-generations': lazily(async () => {
      const { createGeminiImages } = await import('./gemini-images.ts')
      return createGeminiImages(path)
    }),
    'images-edits': lazily(async () => {
      const { createGeminiEdits } = await import('./gemini-images.ts')
      return createGeminiEdits(path)
    }),
  }
}

function modelNamesIn(answer: unknown): readonly string[] {
  if (!isObject(answer)) return []
  return textsUnder('name', answer.models).map((name) => name.replace(/^models\//, ''))
}
