import { GatewayError } from '../errors/gateway-error.ts'

/**
 * The path at an upstream for what a caller asked behind a provider's name: with its base path before it, once, whether
 * or not the caller wrote that too. Throws `invalid_request` for a path that might lead out of there.
 */
export function passPath(rest: string, basePath: string): string {
  requirePlainPath(rest)
  if (rest === basePath || rest.startsWith(`${basePath}/`)) return rest
  // Who names a version of the API means it in place of the one the deployment has.
  const isVersioned = /^\/(?:(?:upload|download)\/)?v\d+[a-z\d]*(?:\/|$)/.test(rest)
  return (isVersioned ? stemOf(basePath) : basePath) + rest
}

/** A base path without the version at its end. */
export function stemOf(basePath: string): string {
  return basePath.replace(/\/v\d+[a-z\d]*$/, '')
}

const mostDecoded = 3

/**
 * Throws `invalid_request` for a path that some server might read as another: they decode once, twice, and take a
 * backslash for a slash; some leave out what stands behind a semicolon.
 */
export function requirePlainPath(path: string): void {
  let text = path
  for (let round = 0; round <= mostDecoded; round += 1) {
    if (/\p{Cc}/u.test(text) || text.replaceAll('\\', '/').split('/').some(isDots))
      throw refusal('holds "." or ".." as a segment, or a control character')
    const decoded = decode(text)
    if (decoded === text) return
    text = decoded
  }
  throw refusal('is encoded several times over')
}

function isDots(segment: string): boolean {
  return /^\.{1,2}(;.*)?$/.test(segment)
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    // What is no UTF-8 is left as it stands: a server that reads it otherwise finds no dots in it either.
    return text.replaceAll(/%(2e|2f|5c|25)/gi, (found) => decodeURIComponent(found))
  }
}

function refusal(what: string): GatewayError {
  return new GatewayError('invalid_request', `The path ${what}: write it as the provider has it.`)
}

/** Two queries as one. */
export function joinQueries(first: string, second: string): string {
  return first === '' || second === '' ? first + second : `${first}&${second.slice(1)}`
}

/** A query without a parameter, and that parameter's first value. What is left keeps its bytes. */
export function takeFromQuery(
  query: string,
  name: string | undefined,
): { readonly query: string; readonly value: string | undefined } {
  if (name === undefined || query === '') return { query, value: undefined }
  const all = query.slice(1).split('&')
  const isIt = (pair: string): boolean => wordOf(pair.split('=')[0] ?? '') === name
  const found = all.find(isIt)
  if (found === undefined) return { query, value: undefined }
  const left = all.filter((pair) => !isIt(pair))
  const value = wordOf(found.slice(found.indexOf('=') + 1))
  return { query: left.length === 0 ? '' : `?${left.join('&')}`, value }
}

function wordOf(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return text
  }
}
