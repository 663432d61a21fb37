const known = new Set([
  'sk-1234',
  'sk-12345',
  'sk-123456',
  'sk-master-key',
  'sk-litellm-master-key',
  'sk-test',
  'changeme',
  'password',
  'secret',
])

const shortest = 16
const longest = 256
const fewestCharacters = 8

/** Why a master key must not be deployed, in words that follow "is"; undefined for a sound one. */
export function weaknessOf(key: string): string | undefined {
  if (known.has(key.toLowerCase()) || /^sk-[a-z-]+-(module|master)-key$/i.test(key)) {
    return 'a key that stands in public examples'
  }
  const secret = key.replace(/^sk-/, '')
  if (secret.length < shortest) return `shorter than ${shortest} characters after "sk-"`
  if (key.length > longest) return `longer than ${longest} characters`
  if (!/^[\x21-\x7e]+$/.test(key)) return 'made of characters that no header can carry'
  if (new Set(secret).size < fewestCharacters) return 'made of too few different characters'
  return undefined
}
