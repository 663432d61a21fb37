import { isObject } from '../../modules/json-object.ts'
import { createGeminiChat } from './gemini-chat.ts'
import { createGeminiEmbeddings } from './gemini-embed.ts'
import { createGeminiEdits, createGeminiImages } from './gemini-images.ts'
import { geminiPath, type PathOf } from './gemini-models.ts'
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
    'chat-completions': createGeminiChat({ pathOf, takesCallIds: true }),
    embeddings: createGeminiEmbeddings(pathOf),
    'images-generations': createGeminiImages(pathOf),
    'images-edits': createGeminiEdits(pathOf),
  },
  modelList: { path: '/models?pageSize=1000', namesIn: modelNamesIn },
}

function modelNamesIn(answer: unknown): readonly string[] {
  if (!isObject(answer)) return []
  return textsUnder('name', answer.models).map((name) => name.replace(/^models\//, ''))
}
