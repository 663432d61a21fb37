import type { IncomingHttpHeaders } from 'node:http'

import type { Deployment } from '../routing/deployment.ts'

/** Belong to one connection, not to what is said over it. */
const hopByHop = [
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]

const notSent = new Set([
  ...hopByHop,
  'host',
  'expect',
  // What is answered must be readable for its usage.
  'accept-encoding',
  'cookie',
  'origin',
  'referer',
  'forwarded',
  'via',
  'x-real-ip',
])

const notAnswered = new Set([
  ...hopByHop,
  'set-cookie',
  'alt-svc',
  'strict-transport-security',
  'server',
  'via',
])

/** A caller's headers as an upstream gets them: without keys of ours, with the deployment's own before all others. */
export function sentHeaders(
  callers: IncomingHttpHeaders,
  { headers: own, provider }: Deployment,
  keyCarriers: readonly string[],
): string[] {
  const sent: string[] = []
  const named = namedIn(callers.connection)
  const taken = new Set<string>()
  for (const [name, value] of pairsIn(own)) {
    // A version of the API that the provider names by default gives way to the caller's.
    if (provider.headers?.[name] === value && callers[name] !== undefined) continue
    sent.push(name, value)
    taken.add(name)
  }
  for (const [name, value] of Object.entries(callers)) {
    if (value === undefined || taken.has(name) || notSent.has(name) || named.has(name)) continue
    if (keyCarriers.includes(name) || isNobodys(name)) continue
    for (const one of Array.isArray(value) ? value : [value]) sent.push(name, one)
  }
  sent.push('accept-encoding', 'identity')
  return sent
}

/** Belong to proxies, to browsers, or to a signature that is not ours. */
function isNobodys(name: string): boolean {
  return /^(x-forwarded-|x-litellm-|sec-|proxy-|x-amz-(date|security-token|content-sha256)$)/.test(
    name,
  )
}

function* pairsIn(flat: readonly string[]): Generator<[string, string]> {
  for (let at = 0; at + 1 < flat.length; at += 2) yield [flat[at] ?? '', flat[at + 1] ?? '']
}

export interface Masks {
  /** What an address of the upstream begins with, and what a caller may be told in its place. */
  readonly upstream: string
  readonly own: string
  /** What no header may show. */
  readonly secrets: readonly string[]
}

/** An upstream's headers as the caller gets them: addresses there become addresses here. */
export function answeredHeaders(answered: IncomingHttpHeaders, masks: Masks): string[] {
  const named = namedIn(answered.connection)
  const headers: string[] = []
  for (const [name, value] of Object.entries(answered)) {
    if (value === undefined || notAnswered.has(name) || named.has(name)) continue
    if (name.startsWith('x-litellm-') || name === 'x-config-generation') continue
    for (const one of Array.isArray(value) ? value : [value]) {
      const shown = isUnder(one, masks.upstream)
        ? masks.own + one.slice(masks.upstream.length)
        : one
      if (!masks.secrets.some((secret) => shown.includes(secret))) headers.push(name, shown)
    }
  }
  return headers
}

function isUnder(value: string, address: string): boolean {
  return value.startsWith(address) && ['/', '?', undefined].includes(value[address.length])
}

function namedIn(connection: string | undefined): ReadonlySet<string> {
  return new Set((connection ?? '').split(',').map((name) => name.trim().toLowerCase()))
}
