import { isObject } from '../../modules/json-object.ts'

// Usual tokenizers make a token of four letters of English, and of about one sign of Chinese (three bytes).
const unitsPerToken = 4
const extraBytesPerToken = 3
/** What LiteLLM counts for a picture it knows nothing of. */
const tokensPerImage = 250

const promptFields = [
  'messages',
  'system',
  'instructions',
  'prompt',
  'input',
  'tools',
  'functions',
  'query',
  'documents',
] as const

// What these hold is no text for the model: pictures and files, inline or by address.
const opaque: ReadonlySet<string> = new Set(['image_url', 'file', 'source', 'input_audio', 'data'])

/** About how many tokens a request's prompt has: right for prose, a little low for code. No tokenizer is asked. */
export function estimatePromptTokens(fields: Readonly<Record<string, unknown>>): number {
  let tokens = 0
  for (const name of promptFields) tokens += tokensIn(fields[name])
  return Math.ceil(tokens)
}

function tokensIn(value: unknown): number {
  if (typeof value === 'string') return tokensOfText(value)
  // Prompts may come as tokens.
  if (typeof value === 'number') return 1
  let tokens = 0
  if (Array.isArray(value)) {
    for (const one of value) tokens += tokensIn(one)
  } else if (isObject(value)) {
    for (const [name, member] of Object.entries(value)) {
      tokens += opaque.has(name) ? tokensOfOpaque(name) : tokensIn(member)
    }
  }
  return tokens
}

function tokensOfText(text: string): number {
  const extraBytes = Buffer.byteLength(text) - text.length
  return text.length / unitsPerToken + extraBytes / extraBytesPerToken
}

function tokensOfOpaque(name: string): number {
  return name === 'image_url' || name === 'source' ? tokensPerImage : 0
}
