import type { Dispatcher } from 'undici'

import type { Credentials, Token } from '../providers/credentials.ts'
import { UpstreamCall } from './call.ts'

/** Asked for anew this long before it runs out, while the old one still serves. */
const aheadMs = 5 * 60_000
/** One that runs out within this time serves no more: the call it is for takes a while. */
const spareMs = 30_000
const timeoutMs = 10_000

interface Kept {
  token?: Token
  /** The question that is under way: all who need its answer wait for the same. */
  pending?: Promise<Token>
}

export interface TokenSurroundings {
  readonly pool: (origin: string) => Dispatcher
  /** Unix milliseconds. */
  readonly wallClock: () => number
}

/** Tokens that calls carry in place of a key: asked for once, shared, and renewed before they run out. */
export class TokenCache {
  readonly #around: TokenSurroundings
  readonly #kept = new Map<string, Kept>()

  constructor(around: TokenSurroundings) {
    this.#around = around
  }

  /** What a call is to carry; at once while a token is good. Throws what asking for one throws. */
  headersFor(credentials: Credentials): readonly string[] | Promise<readonly string[]> {
    const kept = this.#keptFor(credentials.id)
    const { token } = kept
    const leftMs = token ? token.expiresAtMs - this.#around.wallClock() : 0
    if (token && leftMs > spareMs) {
      // A failed renewal is tried again with the next call; the token in hand is good until then.
      if (leftMs < aheadMs) this.#renew(kept, credentials).catch(() => undefined)
      return token.headers
    }
    return this.#renew(kept, credentials).then(({ headers }) => headers)
  }

  #keptFor(id: string): Kept {
    const known = this.#kept.get(id)
    if (known) return known
    const kept: Kept = {}
    this.#kept.set(id, kept)
    return kept
  }

  #renew(kept: Kept, credentials: Credentials): Promise<Token> {
    kept.pending ??= this.#ask(credentials)
      .then((token) => (kept.token = token))
      .finally(() => delete kept.pending)
    return kept.pending
  }

  async #ask(credentials: Credentials): Promise<Token> {
    const nowMs = this.#around.wallClock()
    const { url, headers, body } = credentials.request(nowMs)
    const { origin, pathname, search } = new URL(url)
    const chunks: Buffer[] = []
    let status = 0
    await new UpstreamCall({
      method: 'POST',
      path: pathname + search,
      headers: [...headers],
      body: Buffer.from(body),
      model: 'token',
      connectMs: 0,
      timeoutMs,
      idleMs: 0,
      streamMs: 0,
      open: (head) => {
        status = head.status
        return { push: (chunk) => void chunks.push(chunk), end: () => undefined }
      },
    }).send(this.#around.pool(origin))
    return credentials.read({ status, body: Buffer.concat(chunks) }, nowMs)
  }
}
