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
