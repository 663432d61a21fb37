import { GatewayError } from '../errors/gateway-error.ts'

/** The error for a control field that does not hold what it must. */
export function invalid(name: string, expected: string, found: unknown): GatewayError {
  return new GatewayError(
    'invalid_request',
    `${name}: expected ${expected}, found ${shown(found)}.`,
    { param: name },
  )
}

function shown(value: unknown): string {
  if (Array.isArray(value)) return 'a list of something else'
  if (value !== null && typeof value === 'object') return 'an object'
  return JSON.stringify(value)?.slice(0, 60) ?? 'nothing'
}

/** The list or object that a text of a form stands for; undefined where it is none. */
export function parsed(text: string): unknown {
  if (!/^\s*[[{]/.test(text)) return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
