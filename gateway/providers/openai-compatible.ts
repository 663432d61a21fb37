import { lazily } from './lazily.ts'
import type { Provider, Translation } from './provider.ts'
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
  /** Its own service has `/responses`. */
  readonly hasResponses?: boolean
  /** Default: all of OpenAI's. */
  readonly endpoints?: readonly Offered[]
  readonly rules?: readonly VendorRules[]
  readonly baseEnding?: RegExp
  readonly modelName?: (model: string) => string
  /** Between the base URL and OpenAI's paths, where not all it has is below one; default: nothing. */
  readonly pathPrefix?: string
  /** Its list of models has other names than those that are asked for: it shows that it lives, no more. */
  readonly hasOtherNames?: boolean
  /** Endpoints that it has in words of its own. */
  readonly translations?: Provider['endpoints']
}

const paths = {
  'chat-completions': '/chat/completions',
  completions: '/completions',
  responses: '/responses',
  embeddings: '/embeddings',
  moderations: '/moderations',
  rerank: '/rerank',
  'images-generations': '/images/generations',
  'images-edits': '/images/edits',
  'images-variations': '/images/variations',
  'audio-transcriptions': '/audio/transcriptions',
  'audio-translations': '/audio/translations',
  'audio-speech': '/audio/speech',
}

type Offered = keyof typeof paths

const all = Object.keys(paths).filter((name): name is Offered => name in paths)

/** A server that speaks OpenAI's own dialect: vLLM, LocalAI, llama.cpp, most vendors. */
export function createOpenAiCompatible(name: string, vendor: OpenAiVendor): Provider {
  const { endpoints: offered = all, translations, pathPrefix = '', ...others } = vendor
  const { hasResponses, hasOtherNames, ...rest } = others
  return {
    name,
    keyVariables: [],
    isKeyNeeded: vendor.defaultBase !== undefined,
    ...rest,
    endpoints: {
      ...Object.fromEntries(offered.map((one) => [one, endpointAt(one, pathPrefix)])),
      ...(offered.includes('responses') && { responses: responsesAt(pathPrefix, hasResponses) }),
      ...translations,
    },
    modelList: {
      path: `${pathPrefix}/models`,
      namesIn: (answer) =>
        isObject(answer) && hasOtherNames !== true ? textsUnder('id', answer.data) : [],
    },
  }
}

// Few servers have it, and all have chat, over which it is served as well.
function responsesAt(prefix: string, hasResponses = false): Translation {
  const isSureAt = hasResponses ? 'vendor' : 'nowhere'
  return { kind: 'pass-through', path: prefix + paths.responses, isSureAt }
}

/** Rerankers share their words but take only texts, and not all sort: that is seen to here. */
function endpointAt(name: Offered, prefix: string): Translation {
  const path = prefix + paths[name]
  if (name !== 'rerank') return { kind: 'pass-through', path }
  return lazily(async () => (await import('./rerank.ts')).createRerank({ path }))
}
