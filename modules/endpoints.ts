/** The HTTP paths of the OpenAI API that a module can offer; a name is its path with `-` for `/`. */
export const endpointNames = [
  'chat-completions',
  'completions',
  'responses',
  'messages',
  'embeddings',
  'moderations',
  'rerank',
  'images-generations',
  'images-edits',
  'images-variations',
  'audio-transcriptions',
  'audio-translations',
  'audio-speech',
] as const

export type EndpointName = (typeof endpointNames)[number]

/** The path of an endpoint below `/v1`: `chat-completions` → `/chat/completions`. */
export function pathOf(endpoint: EndpointName): string {
  return `/${endpoint.replaceAll('-', '/')}`
}

// Cohere's own clients ask here.
const otherPaths: Partial<Record<EndpointName, string>> = { rerank: '/v2/rerank' }

/** Every path of an endpoint that names no model: with and without `/v1`, and what clients of other vendors ask. */
export function pathsOf(endpoint: EndpointName): readonly string[] {
  const path = pathOf(endpoint)
  const other = otherPaths[endpoint]
  return [path, `/v1${path}`, ...(other === undefined ? [] : [other])]
}
