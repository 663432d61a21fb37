import type { Target } from './provider.ts'

/** What one generation of Gemini's models does otherwise than another. */
export interface GeminiTraits {
  /** How much thought is asked for: not at all, as a number of tokens, or as a level. */
  readonly thinking: 'none' | 'budget' | 'level'
  /** A called tool without its thought signature is refused. */
  readonly needsSignatures: boolean
  /** Takes a JSON schema for an answer as it is; else the subset that OpenAPI has. */
  readonly takesJsonSchema: boolean
}

/** The traits of a model, by its name. Aliases such as gemini-flash-latest are taken for recent ones. */
export function traitsOf(model: string): GeminiTraits {
  const [, number] = /gemini-(\d{1,3}(?:\.\d{1,3})?)/.exec(model) ?? []
  if (number === undefined) return model.includes('gemini-') ? recent : other
  const version = Number(number)
  if (version >= 3) return newest
  if (version < 2.5) return other
  return /-(image|tts)/.test(model) ? { ...recent, thinking: 'none' } : middle
}

const newest: GeminiTraits = { thinking: 'level', needsSignatures: true, takesJsonSchema: true }
const recent: GeminiTraits = { thinking: 'budget', needsSignatures: true, takesJsonSchema: true }
const middle: GeminiTraits = { ...recent, needsSignatures: false }
const other: GeminiTraits = { thinking: 'none', needsSignatures: false, takesJsonSchema: false }

/** Whether Google fetches a file at an address: what it keeps itself always, else by https, and not for models before 2.5. */
export function readsAddress(url: string, model: string): boolean {
  if (/^https?:\/\/([\w-]+\.)*(googleapis\.com|youtube\.com|youtu\.be)\//i.test(url)) return true
  return /^https:/i.test(url) && traitsOf(model).takesJsonSchema
}

/** Whether a model draws by `predict`, as Imagen does; the others draw by `generateContent`. */
export function isImagen(model: string): boolean {
  return /^(models\/)?(imagen|imagegeneration)/.test(model)
}

/** The path of a model's method. The name may be a caller's, behind a wildcard: it never leaves its segment. */
export function geminiPath(model: string, method: string): string {
  const [, collection = 'models', name = model] = /^(models|tunedModels)\/(.+)$/s.exec(model) ?? []
  return `/${collection}/${encodeURIComponent(name)}:${method}`
}

/** Where a model is found, and what is asked of it. */
export type PathOf = (target: Target, method: string) => string
