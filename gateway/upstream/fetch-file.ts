import type { Allowance } from './fetch-addresses.ts'
import { readUrl, vettedAddresses, type Resolve } from './fetch-address.ts'
import { FetchFailure } from './fetch-failure.ts'
import { FetchHop } from './fetch-hop.ts'
import { mediaTypeOf } from './fetch-type.ts'

/** One file to be fetched, and within which bounds. */
export interface FetchAsk {
  readonly url: string
  /** What may be asked although it is not public. */
  readonly allowance: Allowance
  readonly maxBytes: number
  /** For all of it: names, connections, redirects, the body. */
  readonly timeoutMs: number
}

export interface FetchedFile {
  readonly bytes: Buffer
  /** By its content; undefined where that is nothing known. */
  readonly type: string | undefined
}

/** A file on its way. */
export interface FileFetch {
  /** Rejects with FetchFailure, or with what it was ended by. */
  readonly done: Promise<FetchedFile>
  /** Ends it at once, wherever it is. */
  fail(error: Error): void
}

const mostHops = 6

/**
 * Fetches a file from an address that somebody else has written. Each host on the way is resolved once, each of its
 * addresses vetted, and the connection made to those alone. Nothing of ours is sent along.
 */
export function fetchFile(ask: FetchAsk, resolve: Resolve): FileFetch {
  return new Fetching(ask, resolve)
}

class Fetching implements FileFetch {
  readonly done: Promise<FetchedFile>
  readonly #timer: NodeJS.Timeout
  #hop: FetchHop | undefined
  #endedBy: Error | undefined
  #reject: ((error: Error) => void) | undefined

  constructor(ask: FetchAsk, resolve: Resolve) {
    const seconds = ask.timeoutMs / 1000
    const late = new FetchFailure(
      `leads to a server that did not send the file within ${seconds} s.`,
    )
    this.#timer = setTimeout(() => this.fail(late), ask.timeoutMs)
    // Who ends it is not kept waiting by a name that DNS is slow to tell.
    const ended = new Promise<never>((_, reject) => (this.#reject = reject))
    const fetched = this.#fetch(ask, resolve)
    fetched.catch(() => undefined)
    this.done = Promise.race([fetched, ended]).finally(() => clearTimeout(this.#timer))
  }

  fail(error: Error): void {
    this.#endedBy ??= error
    this.#hop?.fail(error)
    this.#reject?.(error)
  }

  async #fetch(
    { url: text, allowance, maxBytes }: FetchAsk,
    resolve: Resolve,
  ): Promise<FetchedFile> {
    let url = readUrl(text)
    for (let hops = 0; hops < mostHops; hops += 1) {
      const addresses = await vettedAddresses(url, resolve, allowance)
      if (this.#endedBy) throw this.#endedBy
      this.#hop = new FetchHop(url, addresses, maxBytes)
      const answer = await this.#hop.ask(url)
      if ('bytes' in answer)
        return { bytes: answer.bytes, type: mediaTypeOf(answer.bytes, answer.declaredType) }
      url = readUrl(answer.location, url.href)
    }
    throw new FetchFailure(`is redirected more than ${mostHops - 1} times.`)
  }
}
