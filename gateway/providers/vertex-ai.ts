import type { DeploymentParams } from '../../modules/module.ts'
import { anthropic } from './anthropic.ts'
import { geminiPictures } from './gemini.ts'
import { lazily } from './lazily.ts'
import { isObject } from '../../modules/json-object.ts'
import { readGoogleCredentials } from './google-credentials.ts'
import type { Provider, Target } from './provider.ts'
import { textsUnder } from './read-json.ts'
import { isClaude } from './vertex-ai-models.ts'

const defaultLocation = 'us-central1'

/** Google's models and Anthropic's at Vertex AI: by project and place with a service account, or by a key alone ("express mode"). */
export const vertexAi: Provider = {
  name: 'vertex_ai',
  defaultBase: 'https://aiplatform.googleapis.com/v1',
  baseOf: (params) => `https://${hostOf(params)}/v1`,
  baseVariables: ['VERTEXAI_API_BASE'],
  // People paste the whole address that Google's pages show.
  baseEnding: /\/(projects|publishers)\/.*$/,
  keyVariables: ['VERTEXAI_API_KEY', 'VERTEX_API_KEY'],
  isKeyNeeded: true,
  paramVariables: {
    project: ['VERTEXAI_PROJECT', 'GOOGLE_CLOUD_PROJECT'],
    location: ['VERTEXAI_LOCATION', 'GOOGLE_CLOUD_LOCATION'],
    credentials: ['VERTEXAI_CREDENTIALS', 'GOOGLE_APPLICATION_CREDENTIALS'],
  },
  // What begins so is a token that somebody fetched, not a key.
  keyHeader: (key) =>
    key.startsWith('ya29.') ? ['authorization', `Bearer ${key}`] : ['x-goog-api-key', key],
  readCredentials: readGoogleCredentials,
  endpoints: {
    'chat-completions': lazily(async () => {
      const { createGeminiChat } = await import('./gemini-chat.ts')
      const { createVertexChat } = await import('./vertex-ai-chat.ts')
      return createVertexChat(createGeminiChat({ pathOf, takesCallIds: false }), pathOf)
    }),
    embeddings: lazily(async () => {
      const { createVertexEmbeddings } = await import('./gemini-embed.ts')
      return createVertexEmbeddings(pathOf)
    }),
    ...geminiPictures(pathOf),
  },
  takesCacheMarks: ({ model }) => isClaude(model),
  // What holds for Anthropic's models at its own door holds for them here.
  metadataFields: ['user_id'],
  rules: anthropic.rules?.map((rule) => ({ models: /^claude/i, ...rule })) ?? [],
  modelList: {
    path: '/publishers/google/models',
    namesIn: (answer) =>
      isObject(answer)
        ? textsUnder('name', answer.publisherModels).map((name) => name.replace(/^.*\//, ''))
        : [],
  },
  queryKey: 'key',
  usageReader: async () => (await import('./own-usage.ts')).geminiUsage,
}

// Without a project it is the express mode, which knows no places.
function hostOf(params: DeploymentParams): string {
  const { project, location = defaultLocation } = params
  if (project === undefined || location === 'global') return 'aiplatform.googleapis.com'
  if (location === 'us' || location === 'eu') return `aiplatform.${location}.rep.googleapis.com`
  return `${location}-aiplatform.googleapis.com`
}

/** Where a model stands. A number is a tuned model's endpoint; a caller's name never leaves its segment. */
function pathOf({ model, params }: Target, method: string): string {
  const { project, location = defaultLocation } = params
  const publisher = isClaude(model) ? 'anthropic' : 'google'
  const own = model.replace(/^(publishers\/google\/)?models\//, '')
  // Versions stand behind an @, which needs no escape in a path.
  const name = encodeURIComponent(own).replaceAll('%40', '@')
  const published = `/publishers/${publisher}/models/${name}:${method}`
  if (project === undefined) return published
  const place = `/projects/${encodeURIComponent(project)}/locations/${encodeURIComponent(location)}`
  return place + (/^\d+$/.test(model) ? `/endpoints/${model}:${method}` : published)
}
