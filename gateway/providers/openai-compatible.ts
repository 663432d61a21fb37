import type { PassThrough, Provider } from './provider.ts'
import { isObject } from '../../modules/json-object.ts'
import { textsUnder } from './read-json.ts'
import type { VendorRules } from './request-rules.ts'

/** What tells one OpenAI-compatible server from another: an address and a key. */
export interface OpenAiVendor {
  readonly defaultBase?: string
  readonly baseVariables?: readonly string[]
  readonly keyVariables?: readonly string[]
  /** Default: a vendor with an address of its own wants a key, a server of one's own does not. */
  readonly isKeyNeeded?: boolean
  /** Default: all of OpenAI's. */
  readonly endpoints?: readonly (keyof typeof endpoints)[]
  readonly rules?: readonly VendorRules[]
}

const passedTo = (path: string): PassThrough => ({ kind: 'pass-through', path })

const endpoints = {
  'chat-completions': passedTo('/chat/completions'),
  completions: passedTo('/completions'),
  responses: passedTo('/responses'),
  embeddings: passedTo('/embeddings'),
  moderations: passedTo('/moderations'),
  rerank: passedTo('/rerank'),
  'images-generations': passedTo('/images/generations'),
  'images-edits': passedTo('/images/edits'),
  'images-variations': passedTo('/images/variations'),
  'audio-transcriptions': passedTo('/audio/transcriptions'),
  'audio-translations': passedTo('/audio/translations'),
  'audio-speech': passedTo('/audio/speech'),
}

/** A server that speaks OpenAI's own dialect: vLLM, LocalAI, llama.cpp, most vendors. */
export function createOpenAiCompatible(name: string, vendor: OpenAiVendor): Provider {
  const { endpoints: offered, ...rest } = vendor
  return {
    name,
    keyVariables: [],
    isKeyNeeded: vendor.defaultBase !== undefined,
    ...rest,
    endpoints: offered
      ? Object.fromEntries(offered.map((one) => [one, endpoints[one]]))
      : endpoints,
    modelList: {
      path: '/models',
      namesIn: (answer) => (isObject(answer) ? textsUnder('id', answer.data) : []),
    },
  }
}
