import { lazily } from './lazily.ts'
import type { OpenAiVendor } from './openai-compatible.ts'
import { dropMessageNames, joinTexts, sayInstead } from './request-repairs.ts'
import type { VendorRules } from './request-rules.ts'

/** A server somebody runs: it needs an address, and a key only where one was set. */
const ownServer = (name: string): OpenAiVendor => ({
  baseVariables: [`${name}_API_BASE`],
  keyVariables: [`${name}_API_KEY`],
})

/** A cloud service: its address, and the variables its key may stand in. */
const service = (defaultBase: string, ...keyVariables: readonly string[]): OpenAiVendor => ({
  defaultBase,
  keyVariables,
  baseVariables: keyVariables.slice(0, 1).map((name) => name.replace(/_KEY$/, '_BASE')),
})

const sampling = ['temperature', 'top_p', 'presence_penalty', 'frequency_penalty']
const likelihoods = ['logit_bias', 'logprobs', 'top_logprobs']

/** OpenAI's models that reason take neither sampling nor the older name of the maximum. */
const openAiRules: readonly VendorRules[] = [
  {
    models: /^(o[1-9](-|$)|gpt-5(-(?!chat)|$))/,
    refused: [...sampling, ...likelihoods],
    renamed: [['max_tokens', 'max_completion_tokens']],
  },
]

/** `together/deepseek-ai/DeepSeek-R1`, as LiteLLM names who serves a model, in the words of Hugging Face's router. */
export function routedName(model: string): string {
  const [, server, name] = /^([\w-]+)\/([^/*]+\/[^/*]+)$/.exec(model) ?? []
  return server === undefined || name === undefined ? model : `${name}:${server}`
}

/** Everyone who speaks OpenAI's dialect, by the prefix before the model name. */
export const openAiVendors = {
  openai: {
    defaultBase: 'https://api.openai.com/v1',
    baseVariables: ['OPENAI_BASE_URL', 'OPENAI_API_BASE'],
    keyVariables: ['OPENAI_API_KEY'],
    hasResponses: true,
    rules: openAiRules,
  },
  'text-completion-openai': {
    defaultBase: 'https://api.openai.com/v1',
    keyVariables: ['OPENAI_API_KEY'],
  },
  custom_openai: { keyVariables: ['OPENAI_API_KEY'] },
  custom: { keyVariables: ['OPENAI_API_KEY'] },
  openai_like: ownServer('OPENAI_LIKE'),
  hosted_vllm: ownServer('HOSTED_VLLM'),
  vllm: ownServer('HOSTED_VLLM'),
  litellm_proxy: { ...ownServer('LITELLM_PROXY'), hasResponses: true },
  xinference: ownServer('XINFERENCE'),
  infinity: {
    ...ownServer('INFINITY'),
    baseEnding: /\/(embeddings|rerank)$/,
    endpoints: ['embeddings', 'rerank'],
  },
  azure_ai: { ...ownServer('AZURE_AI'), isKeyNeeded: true },
  lm_studio: {
    ...ownServer('LM_STUDIO'),
    defaultBase: 'http://localhost:1234/v1',
    isKeyNeeded: false,
  },
  llamafile: {
    ...ownServer('LLAMAFILE'),
    defaultBase: 'http://127.0.0.1:8080/v1',
    isKeyNeeded: false,
  },
  // Kokoro-FastAPI, which knows OpenAI's voices beside its own.
  kokoro: {
    ...ownServer('KOKORO'),
    defaultBase: 'http://localhost:8880/v1',
    isKeyNeeded: false,
    endpoints: ['audio-speech'],
  },
  localai: { ...ownServer('LOCALAI'), defaultBase: 'http://127.0.0.1:8080/v1', isKeyNeeded: false },

  groq: {
    ...service('https://api.groq.com/openai/v1', 'GROQ_API_KEY'),
    hasResponses: true,
    rules: [{ refused: [...likelihoods, 'n'], repairs: [dropMessageNames] }],
  },
  openrouter: {
    ...service('https://openrouter.ai/api/v1', 'OPENROUTER_API_KEY', 'OR_API_KEY'),
    hasResponses: true,
  },
  mistral: {
    ...service('https://api.mistral.ai/v1', 'MISTRAL_API_KEY'),
    rules: [
      {
        refused: [...likelihoods, 'user', 'store', 'service_tier'],
        renamed: [
          ['max_completion_tokens', 'max_tokens'],
          ['seed', 'random_seed'],
        ],
        repairs: [sayInstead('tool_choice', 'required', 'any'), dropMessageNames],
      },
    ],
  },
  nvidia_nim: service('https://integrate.api.nvidia.com/v1', 'NVIDIA_NIM_API_KEY'),
  github: service('https://models.inference.ai.azure.com', 'GITHUB_API_KEY', 'GITHUB_TOKEN'),
  cerebras: {
    ...service('https://api.cerebras.ai/v1', 'CEREBRAS_API_KEY'),
    rules: [
      {
        refused: [
          'presence_penalty',
          'frequency_penalty',
          'logit_bias',
          'parallel_tool_calls',
          'service_tier',
        ],
      },
    ],
  },
  deepseek: {
    ...service('https://api.deepseek.com/beta', 'DEEPSEEK_API_KEY'),
    rules: [{ repairs: [joinTexts] }],
  },
  together_ai: service(
    'https://api.together.ai/v1',
    'TOGETHER_API_KEY',
    'TOGETHERAI_API_KEY',
    'TOGETHER_AI_API_KEY',
    'TOGETHER_AI_TOKEN',
  ),
  fireworks_ai: service(
    'https://api.fireworks.ai/inference/v1',
    'FIREWORKS_API_KEY',
    'FIREWORKS_AI_API_KEY',
    'FIREWORKSAI_API_KEY',
    'FIREWORKS_AI_TOKEN',
  ),
  moonshot: service('https://api.moonshot.ai/v1', 'MOONSHOT_API_KEY'),
  dashscope: service('https://dashscope.aliyuncs.com/compatible-mode/v1', 'DASHSCOPE_API_KEY'),
  zai: service('https://api.z.ai/api/paas/v4', 'ZAI_API_KEY'),
  xai: {
    ...service('https://api.x.ai/v1', 'XAI_API_KEY'),
    hasResponses: true,
    rules: [
      {
        models: /^grok-(3-mini|4|code)/,
        refused: ['presence_penalty', 'frequency_penalty', 'stop'],
      },
    ],
  },
  perplexity: service('https://api.perplexity.ai', 'PERPLEXITYAI_API_KEY', 'PERPLEXITY_API_KEY'),
  // Chat at its router and at Text Generation Inference, vectors at Text Embeddings Inference.
  huggingface: {
    ...service('https://router.huggingface.co', 'HF_TOKEN', 'HUGGINGFACE_API_KEY'),
    baseVariables: ['HF_API_BASE', 'HUGGINGFACE_API_BASE'],
    baseEnding: /(\/v1)?(\/(chat\/completions|embeddings|embed|rerank))?$/,
    pathPrefix: '/v1',
    modelName: routedName,
    hasOtherNames: true,
    endpoints: ['chat-completions', 'completions', 'responses'],
    translations: {
      embeddings: lazily(async () => (await import('./huggingface.ts')).teiEmbeddings),
      rerank: lazily(async () => (await import('./huggingface.ts')).teiRerank),
    },
  },
  jina_ai: {
    ...service('https://api.jina.ai/v1', 'JINA_AI_API_KEY', 'JINA_API_KEY', 'JINA_AI_TOKEN'),
    baseEnding: /\/(embeddings|rerank)$/,
    endpoints: [],
    translations: {
      embeddings: lazily(async () => (await import('./jina.ts')).jinaEmbeddings),
      rerank: lazily(async () => (await import('./jina.ts')).jinaRerank),
    },
  },
  voyage: {
    ...service(
      'https://api.voyageai.com/v1',
      'VOYAGE_API_KEY',
      'VOYAGE_AI_API_KEY',
      'VOYAGE_AI_TOKEN',
    ),
    baseEnding: /\/((multimodal|contextualized)?embeddings|rerank)$/,
    endpoints: [],
    translations: {
      embeddings: lazily(async () => (await import('./voyage.ts')).voyageEmbeddings),
      rerank: lazily(async () => (await import('./voyage.ts')).voyageRerank),
    },
  },
  deepinfra: service('https://api.deepinfra.com/v1/openai', 'DEEPINFRA_API_KEY'),
  sambanova: service('https://api.sambanova.ai/v1', 'SAMBANOVA_API_KEY'),
  nebius: service('https://api.studio.nebius.ai/v1', 'NEBIUS_API_KEY'),
  novita: service('https://api.novita.ai/v3/openai', 'NOVITA_API_KEY'),
} as const satisfies Record<string, OpenAiVendor>
