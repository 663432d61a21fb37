/** `${NAME}` or `${NAME:-default}`; the default may hold further ones. */
interface Placeholder {
  readonly name: string
  readonly fallback?: Template
}

/** A string in pieces: text as it is, and the placeholders between. */
export type Template = readonly (string | Placeholder)[]

export type ParsedTemplate = { readonly template: Template } | { readonly fault: string }

const variableName = /^[A-Za-z_][A-Za-z0-9_]*$/
const wholeVariable = /^os\.environ\/(.*)$/s
/** As LiteLLM's users write a header: `bearer os.environ/KEY`. */
const behindScheme = /^((?:bearer|basic|token) +)os\.environ\/([A-Za-z_]\w*)$/i
const deepest = 16

/** Splits a string into text and placeholders. `$${` stands for a literal `${`. */
export function parseTemplate(text: string): ParsedTemplate {
  if (!text.includes('${') && !text.includes('os.environ/')) return { template: [text] }
  const whole = wholeVariable.exec(text.trim())
  if (whole) return wholeTemplate(whole[1] ?? '')
  const [, scheme, name] = behindScheme.exec(text.trim()) ?? []
  if (scheme !== undefined && name !== undefined) return { template: [scheme, { name }] }
  const scanner = new Scanner(text)
  const template = scanner.readUntil('', 0)
  return scanner.fault === undefined ? { template } : { fault: scanner.fault }
}

function wholeTemplate(name: string): ParsedTemplate {
  if (variableName.test(name)) return { template: [{ name }] }
  return {
    fault: 'expected a variable name after `os.environ/`, such as `os.environ/OPENAI_API_KEY`',
  }
}

class Scanner {
  fault: string | undefined
  readonly #text: string
  #offset = 0

  constructor(text: string) {
    this.#text = text
  }

  /** Reads up to the closing text, or to the end where that is empty. */
  readUntil(closing: '' | '}', depth: number): Template {
    const pieces: (string | Placeholder)[] = []
    let literal = ''
    while (this.#offset < this.#text.length && this.fault === undefined) {
      if (closing !== '' && this.#text.startsWith(closing, this.#offset)) break
      if (this.#text.startsWith('$${', this.#offset)) {
        literal += '${'
        this.#offset += 3
      } else if (this.#text.startsWith('${', this.#offset)) {
        if (literal !== '') pieces.push(literal)
        literal = ''
        pieces.push(this.#readPlaceholder(depth))
      } else {
        literal += this.#text[this.#offset]
        this.#offset += 1
      }
    }
    if (literal !== '') pieces.push(literal)
    return pieces
  }

  #readPlaceholder(depth: number): Placeholder {
    this.#offset += 2
    const name =
      /^[A-Za-z0-9_]*/.exec(this.#text.slice(this.#offset, this.#offset + 256))?.[0] ?? ''
    this.#offset += name.length
    if (!variableName.test(name) || depth > deepest) return this.#refuse()
    if (this.#text.startsWith('}', this.#offset)) {
      this.#offset += 1
      return { name }
    }
    if (!this.#text.startsWith(':-', this.#offset)) return this.#refuse()
    this.#offset += 2
    const fallback = this.readUntil('}', depth + 1)
    if (!this.#text.startsWith('}', this.#offset)) return this.#refuse()
    this.#offset += 1
    return { name, fallback }
  }

  #refuse(): Placeholder {
    this.fault ??= 'expected `${NAME}` or `${NAME:-default}`; a literal `${` is written `$${`'
    return { name: '' }
  }
}

export type Filled = { readonly text: string } | { readonly missing: readonly string[] }

/** Puts values in the placeholders' places. An empty value counts as none. Values are never read for placeholders. */
export function fillTemplate(
  template: Template,
  lookUp: (name: string) => string | undefined,
): Filled {
  let text = ''
  const missing: string[] = []
  for (const piece of template) {
    const filled = fillPiece(piece, lookUp)
    if ('text' in filled) text += filled.text
    else missing.push(...filled.missing)
  }
  return missing.length > 0 ? { missing: [...new Set(missing)] } : { text }
}

function fillPiece(
  piece: string | Placeholder,
  lookUp: (name: string) => string | undefined,
): Filled {
  if (typeof piece === 'string') return { text: piece }
  const value = lookUp(piece.name)
  if (value !== undefined && value !== '') return { text: value }
  return piece.fallback ? fillTemplate(piece.fallback, lookUp) : { missing: [piece.name] }
}

/** Each variable a template names; `hasDefault` where it does without its value. */
export function variablesIn(template: Template): { name: string; hasDefault: boolean }[] {
  return template.flatMap((piece) => {
    if (typeof piece === 'string') return []
    const own = { name: piece.name, hasDefault: piece.fallback !== undefined }
    return [own, ...(piece.fallback ? variablesIn(piece.fallback) : [])]
  })
}

/** Whether a string names a variable at all. */
export function hasPlaceholder(text: string): boolean {
  const parsed = parseTemplate(text)
  return 'fault' in parsed || parsed.template.some((piece) => typeof piece !== 'string')
}
