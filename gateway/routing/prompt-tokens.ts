import { isObject } from '../../modules/json-object.ts'

type Fields = Readonly<Record<string, unknown>>

/** How a prompt is turned into a number. `extraBytes`: those of UTF-8 beyond one for each UTF-16 unit. */
interface Measure {
  readonly ofText: (units: number, extraBytes: number) => number
  readonly ofImage: number
  /** Of each message, part or tool, beside its texts: templates put words around them. */
  readonly ofObject: number
}

// Usual tokenizers make a token of four letters of English, and of about one sign of Chinese (three bytes).
const likely: Measure = {
  ofText: (units, extraBytes) => units / 4 + extraBytes / 3,
  // What LiteLLM counts for a picture it knows nothing of.
  ofImage: 250,
  ofObject: 0,
}

// Dense code and lists of numbers have two signs a token; less have only random signs.
const most: Measure = {
  ofText: (units, extraBytes) => units / 2 + extraBytes,
  ofImage: 2_000,
  ofObject: 4,
}

/** About how many tokens a request's prompt has: right for prose, a little low for code. No tokenizer is asked. */
export function estimatePromptTokens(fields: Fields): number {
  return measured(fields, likely)
}

/** How many it has at most: what is held of a quota until its usage is known. */
export function boundPromptTokens(fields: Fields): number {
  return measured(fields, most)
}

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
const images: ReadonlySet<string> = new Set(['image_url', 'source'])
const opaque: ReadonlySet<string> = new Set(['file', 'file_data', 'input_audio', 'data'])

function measured(fields: Fields, measure: Measure): number {
  let tokens = 0
  for (const name of promptFields) tokens += tokensIn(fields[name], measure)
  return Math.ceil(tokens)
}

function tokensIn(value: unknown, measure: Measure): number {
  if (typeof value === 'string') {
    return measure.ofText(value.length, Buffer.byteLength(value) - value.length)
  }
  // Prompts may come as tokens.
  if (typeof value === 'number') return 1
  if (Array.isArray(value)) {
    let tokens = 0
    for (const one of value) tokens += tokensIn(one, measure)
    return tokens
  }
  return isObject(value) ? tokensOfObject(value, measure) : 0
}

function tokensOfObject(value: Fields, measure: Measure): number {
  let tokens = measure.ofObject
  for (const [name, member] of Object.entries(value)) {
    if (images.has(name)) tokens += measure.ofImage
    else if (!opaque.has(name)) tokens += tokensIn(member, measure)
  }
  return tokens
}
