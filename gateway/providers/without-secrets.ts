const hidden: readonly (readonly [RegExp, string])[] = [
  // How Ollama writes a model's full name.
  [/\bregistry\.ollama\.ai\/(?:library\/)?/g, ''],
  [/[a-z][a-z0-9+.-]{1,20}:\/\/[^\s"'<>)\]}]+/gi, '[address]'],
  [/\b(bearer|basic)\s+[\w.~+/=-]{6,}/gi, '$1 [key]'],
  [/\b(?:sk|pk|rk|gsk|xai|hf|ghp|gho|github_pat|nvapi|r8|pplx)[-_][\w*.-]{6,}/g, '[key]'],
  [/\b(?:AIza|AKIA|eyJ|ya29\.)[\w.-]{12,}/g, '[key]'],
  [
    /\b(api[-_ ]?key|api[-_]?token|access[-_]token|secret|password|authorization)(["']?\s*[:=]\s*["']?)[^\s"',;]{4,}/gi,
    '$1$2[key]',
  ],
  [/\[[0-9a-f]*:[0-9a-f]*:[0-9a-f:.]*\](?::\d+)?/gi, '[address]'],
  [/\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b/g, '[address]'],
  [/\b[a-z][a-z0-9.-]*:\d{4,5}(?![\w-])/gi, '[address]'],
  [/\b(?:[a-z0-9-]+\.)+(?:internal|local|svc|lan|com|net|org|io|ai|dev|cloud)\b/gi, '[address]'],
  [/\b(?=\w*\d)\w{32,}\b/g, '[key]'],
]

const longest = 500
const longestRead = 2000

/** An upstream's words, fit for a caller: no address, nothing shaped like a key, bounded, one line. */
export function withoutSecrets(text: string, known: readonly string[] = []): string {
  const line = text
    .slice(0, longestRead)
    .replaceAll(/[\s\p{Cc}]+/gu, ' ')
    .trim()
  const unknown = known
    .filter((secret) => secret.length > 3)
    .reduce((words, secret) => words.replaceAll(secret, '[key]'), line)
  const clean = hidden.reduce((words, [pattern, word]) => words.replaceAll(pattern, word), unknown)
  return clean.length > longest ? `${clean.slice(0, longest - 1)}…` : clean
}
