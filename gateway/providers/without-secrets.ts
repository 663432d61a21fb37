const hidden: readonly (readonly [RegExp, string])[] = [
  [/[a-z][a-z0-9+.-]{1,20}:\/\/[^\s"'<>)\]}]+/gi, '[address]'],
  [/\b(?:bearer|basic)\s+[\w.~+/=-]{6,}/gi, '[key]'],
  [
    /\b(?:sk|pk|rk|gsk|xai|hf|ghp|gho|github_pat|AIza|AKIA|nvapi|r8|pplx|key)[-_]?[\w-]*[\w*.…-]{8,}/g,
    '[key]',
  ],
  [
    /\b(?:api[-_ ]?key|token|secret|password|authorization)(["']?\s*[:=]\s*["']?)[^\s"',;]{4,}/gi,
    '[key]',
  ],
  [/\[[0-9a-f:]*:[0-9a-f:]+\](?::\d+)?/gi, '[address]'],
  [/\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b/g, '[address]'],
  [/\b(?:localhost|(?:[a-z0-9-]+\.)+[a-z][a-z0-9-]*):\d{2,5}\b/gi, '[address]'],
  [
    /\b(?:[a-z0-9-]+\.)+(?:internal|local|svc|lan|com|net|org|io|ai|dev|cloud)\b(?:\.[a-z0-9-]+)*/gi,
    '[address]',
  ],
  [/\b[A-Za-z0-9_-]{40,}\b/g, '[key]'],
]

const longest = 500

/** An upstream's words, fit for a caller: no address, nothing shaped like a key, bounded, one line. */
export function withoutSecrets(text: string): string {
  const bounded = text
    .slice(0, longest * 8)
    .replace(/\s+/g, ' ')
    .trim()
  const clean = hidden.reduce((words, [pattern, word]) => words.replace(pattern, word), bounded)
  return clean.length > longest ? `${clean.slice(0, longest - 1)}…` : clean
}
