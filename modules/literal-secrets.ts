import { hasPlaceholder } from './placeholders.ts'
import {
  findSecretShape,
  isLikelyPassword,
  isLikelySecret,
  maskSecret,
  passwordInUrl,
} from './secret-shapes.ts'
import { isObject } from './json-object.ts'
import type { Path } from './yaml-source.ts'

export interface LiteralSecret {
  readonly path: Path
  /** At most four characters of it. */
  readonly shown: string
  /** The variable that should hold it. */
  readonly variable: string
}

const secretKey =
  /(^|_)(api_?key|key|secret|token|password|passwd|credentials?|authorization)$|^authorization$|^x-api-key$|^api-key$/i
const keyNotSecret = /^(header|encryption|public|prompt_cache|sort)_?key|key_name$/i

const variablesByProvider: Readonly<Record<string, string>> = {
  anthropic: 'ANTHROPIC_API_KEY',
  azure: 'AZURE_API_KEY',
  azure_ai: 'AZURE_AI_API_KEY',
  bedrock: 'AWS_BEARER_TOKEN_BEDROCK',
  cerebras: 'CEREBRAS_API_KEY',
  cohere: 'COHERE_API_KEY',
  cohere_chat: 'COHERE_API_KEY',
  comfyui: 'COMFYUI_API_KEY',
  dashscope: 'DASHSCOPE_API_KEY',
  deepgram: 'DEEPGRAM_API_KEY',
  deepseek: 'DEEPSEEK_API_KEY',
  elevenlabs: 'ELEVENLABS_API_KEY',
  fireworks_ai: 'FIREWORKS_API_KEY',
  gemini: 'GEMINI_API_KEY',
  github: 'GITHUB_API_KEY',
  groq: 'GROQ_API_KEY',
  hosted_vllm: 'HOSTED_VLLM_API_KEY',
  huggingface: 'HF_TOKEN',
  infinity: 'INFINITY_API_KEY',
  jina_ai: 'JINA_AI_API_KEY',
  lm_studio: 'LM_STUDIO_API_KEY',
  mistral: 'MISTRAL_API_KEY',
  moonshot: 'MOONSHOT_API_KEY',
  nvidia_nim: 'NVIDIA_NIM_API_KEY',
  ollama: 'OLLAMA_API_KEY',
  ollama_chat: 'OLLAMA_API_KEY',
  openai: 'OPENAI_API_KEY',
  openrouter: 'OPENROUTER_API_KEY',
  perplexity: 'PERPLEXITYAI_API_KEY',
  together_ai: 'TOGETHER_API_KEY',
  vertex_ai: 'VERTEXAI_API_KEY',
  voyage: 'VOYAGE_API_KEY',
  xai: 'XAI_API_KEY',
  zai: 'ZAI_API_KEY',
}

/** Values that are secrets by their shape, or by chance at a place for secrets. Dummies pass. */
export function findLiteralSecrets(document: unknown): LiteralSecret[] {
  return find(document, [], undefined)
}

function find(value: unknown, path: Path, provider: string | undefined): LiteralSecret[] {
  if (typeof value === 'string') return findInText(value, path, provider)
  if (Array.isArray(value)) {
    return value.flatMap((item: unknown, index) => find(item, [...path, index], provider))
  }
  if (!isObject(value)) return []
  const model = value['model']
  const own = typeof model === 'string' && model.includes('/') ? model.split('/')[0] : provider
  return Object.entries(value).flatMap(([key, item]) => find(item, [...path, key], own))
}

function findInText(text: string, path: Path, provider: string | undefined): LiteralSecret[] {
  const secret = secretIn(text, path)
  if (secret === undefined) return []
  const variable = secret.variable ?? variableFor(path, provider)
  return [{ path, shown: maskSecret(secret.secret), variable }]
}

function secretIn(text: string, path: Path): { secret: string; variable?: string } | undefined {
  const shaped = findSecretShape(text)
  if (shaped) return shaped
  const password = passwordInUrl(text)
  if (password !== undefined && !hasPlaceholder(password) && isLikelyPassword(password)) {
    return { secret: password }
  }
  const key = lastKeyOf(path)
  if (hasPlaceholder(text) || !secretKey.test(key) || keyNotSecret.test(key)) return undefined
  const value = text.replace(/^(Bearer|Basic)\s+/i, '')
  const isSecret = /password|passwd/i.test(key) ? isLikelyPassword(value) : isLikelySecret(value)
  return isSecret ? { secret: value } : undefined
}

function variableFor(path: Path, provider: string | undefined): string {
  const key = lastKeyOf(path)
  if (path[0] === 'environment_variables') return key
  if (path[0] === 'general_settings' && key === 'master_key') return 'LITELLM_MASTER_KEY'
  if (key === 'database_url') return 'DATABASE_URL'
  if (key.startsWith('redis')) return key.toUpperCase()
  if (path[0] !== 'model_list' && path[0] !== 'credential_list') {
    const name = key.toUpperCase().replaceAll(/[^A-Z0-9]+/g, '_')
    return name === '' ? 'SECRET' : name
  }
  if (path.includes('vertex_credentials')) return 'VERTEXAI_CREDENTIALS'
  if (key.startsWith('aws_')) return key.toUpperCase()
  if (provider === undefined || key === 'api_base')
    return key === 'api_base' ? 'API_BASE' : 'OPENAI_API_KEY'
  return (
    variablesByProvider[provider] ??
    `${provider.toUpperCase().replaceAll(/[^A-Z0-9]+/g, '_')}_API_KEY`
  )
}

function lastKeyOf(path: Path): string {
  const key = path.findLast((step) => typeof step === 'string')
  return typeof key === 'string' ? key : ''
}
