interface SecretShape {
  readonly pattern: RegExp
  /** The variable LiteLLM and the vendor read; undefined: it depends on the provider. */
  readonly variable?: string
}

const shapes: readonly SecretShape[] = [
  { pattern: /\bsk-ant-[\w-]{16,}/g, variable: 'ANTHROPIC_API_KEY' },
  { pattern: /\bsk-or-[\w-]{16,}/g, variable: 'OPENROUTER_API_KEY' },
  { pattern: /\bsk-(proj|svcacct|admin|None)-[\w-]{16,}/g, variable: 'OPENAI_API_KEY' },
  { pattern: /\bsk-[\w-]{20,}/g },
  { pattern: /\bgsk_\w{16,}/g, variable: 'GROQ_API_KEY' },
  { pattern: /\bAIza[\w-]{30,}/g, variable: 'GEMINI_API_KEY' },
  { pattern: /\bxai-[\w-]{16,}/g, variable: 'XAI_API_KEY' },
  { pattern: /\bhf_\w{16,}/g, variable: 'HF_TOKEN' },
  { pattern: /\bnvapi-[\w-]{16,}/g, variable: 'NVIDIA_NIM_API_KEY' },
  { pattern: /\bpplx-\w{16,}/g, variable: 'PERPLEXITYAI_API_KEY' },
  { pattern: /\br8_\w{16,}/g, variable: 'REPLICATE_API_KEY' },
  { pattern: /\bcsk-\w{16,}/g, variable: 'CEREBRAS_API_KEY' },
  { pattern: /\bfw_\w{16,}/g, variable: 'FIREWORKS_API_KEY' },
  { pattern: /\b(ghp|gho|ghs|github_pat)_\w{20,}/g, variable: 'GITHUB_API_KEY' },
  { pattern: /\b(AKIA|ASIA)[A-Z0-9]{16}\b/g, variable: 'AWS_ACCESS_KEY_ID' },
  { pattern: /\bya29\.[\w-]{20,}/g },
  { pattern: /\bxox[abp]-[\w-]{16,}/g },
  { pattern: /\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]+/g },
  { pattern: /-----BEGIN [A-Z ]*PRIVATE KEY-----[^]*/g },
]

const shortestSecret = 16

const dummyWords =
  /your|dummy|fake|example|placeholder|change|replace|insert|paste|xxx|1234|not-?needed|no-?key|none|test|local/i

/** The part of a text that has the shape of a vendor's key, and the variable it belongs into. */
export function findSecretShape(text: string): { secret: string; variable?: string } | undefined {
  if (text.length < shortestSecret) return undefined
  for (const { pattern, variable } of shapes) {
    for (const [secret] of text.matchAll(pattern)) {
      if (!isMadeUp(secret)) return { secret, ...(variable === undefined ? {} : { variable }) }
    }
  }
  return undefined
}

/** Words instead of chance: a dummy, or a name. */
function isMadeUp(secret: string): boolean {
  if (secret.startsWith('-----BEGIN')) return false
  return dummyWords.test(secret) || !/\d/.test(secret) || entropyOf(secret) < 2.8
}

/** Whether a value at a place for secrets looks like chance rather than like a word. */
export function isLikelySecret(value: string): boolean {
  const isMixed = /\d/.test(value) && /[A-Za-z]/.test(value)
  return (
    value.length >= 20 &&
    isMixed &&
    !/\s/.test(value) &&
    !dummyWords.test(value) &&
    entropyOf(value) >= 3
  )
}

/** Whether a password is one: no dummy, no single word. */
export function isLikelyPassword(value: string): boolean {
  if (value.length < 8 || dummyWords.test(value)) return false
  return /\d/.test(value) && /[A-Za-z]/.test(value)
}

/** The password of a URL, where it names one. */
export function passwordInUrl(text: string): string | undefined {
  return /^[a-z][a-z0-9+.-]*:\/\/[^\s/:@]*:([^\s@]+)@/i.exec(text)?.[1]
}

/** At most its first four characters. */
export function maskSecret(secret: string): string {
  return `${secret.slice(0, 4)}…`
}

/** A text with everything in it that looks like a secret cut short. */
export function withoutSecrets(text: string): string {
  if (text.length < shortestSecret) return text
  let clean = text.replaceAll(/(:\/\/[^\s/:@]*:)[^\s@]+@/g, '$1…@')
  for (const { pattern } of shapes) clean = clean.replaceAll(pattern, maskSecret)
  return clean
}

/** Bits of chance in each character. */
function entropyOf(text: string): number {
  const counts = new Map<string, number>()
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1)
  let bits = 0
  for (const count of counts.values()) {
    const share = count / text.length
    bits -= share * Math.log2(share)
  }
  return bits
}
