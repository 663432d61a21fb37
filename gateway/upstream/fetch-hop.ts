import type { LookupAddress, LookupOptions } from 'node:dns'
import type { IncomingHttpHeaders } from 'node:http'
import Pool from 'undici/lib/dispatcher/pool.js'
import type { Dispatcher } from 'undici'

import { FetchFailure, transportFailure } from './fetch-failure.ts'

/** What one server answered: where it sends us to, or a file. */
export type HopAnswer =
  | { readonly location: string }
  | { readonly bytes: Buffer; readonly declaredType: string | undefined }

const headers = {
  accept: '*/*',
  'accept-encoding': 'identity',
  'user-agent': 'Colonnade',
}

/** One question over one connection to addresses known before: nobody is asked again where the host is. */
export class FetchHop implements Dispatcher.DispatchHandler {
  readonly #pool: Pool
  readonly #maxBytes: number
  readonly #chunks: Buffer[] = []
  #length = 0
  #location: string | undefined
  #declaredType: string | undefined
  #controller: Dispatcher.DispatchController | undefined
  #resolve: ((answer: HopAnswer) => void) | undefined
  #reject: ((error: Error) => void) | undefined

  constructor(url: URL, addresses: readonly LookupAddress[], maxBytes: number) {
    this.#maxBytes = maxBytes
    this.#pool = new Pool(url.origin, {
      connections: 1,
      connect: { lookup: pinnedTo(addresses), autoSelectFamily: true },
      headersTimeout: 0,
      bodyTimeout: 0,
      allowH2: false,
    })
  }

  ask(url: URL): Promise<HopAnswer> {
    return new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
      const path = url.pathname + url.search
      this.#pool.dispatch({ method: 'GET', path, headers }, this)
    })
  }

  /** Ends it at once; the connection is destroyed. */
  fail(error: Error): void {
    this.#controller?.abort(error)
    this.#end()
    this.#reject?.(error)
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
  }

  onResponseStart(
    _: Dispatcher.DispatchController,
    status: number,
    answered: IncomingHttpHeaders,
  ): void {
    if (status < 200) return
    try {
      this.#readHead(status, answered)
    } catch (thrown) {
      return this.fail(thrown instanceof Error ? thrown : new Error(String(thrown)))
    }
    if (this.#location !== undefined) this.#finish({ location: this.#location })
  }

  onResponseData(_: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#length += chunk.length
    if (this.#length > this.#maxBytes) return this.fail(tooLarge(this.#maxBytes))
    this.#chunks.push(chunk)
  }

  onResponseEnd(): void {
    this.#finish({ bytes: Buffer.concat(this.#chunks), declaredType: this.#declaredType })
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    this.fail(transportFailure(error))
  }

  #readHead(status: number, answered: IncomingHttpHeaders): void {
    if ([301, 302, 303, 307, 308].includes(status) && answered.location !== undefined) {
      this.#location = answered.location
      return
    }
    if (status !== 200)
      throw new FetchFailure(`leads to a server that answers with status ${status}.`)
    const encoding = answered['content-encoding']
    if (encoding !== undefined && encoding !== 'identity')
      throw new FetchFailure('leads to a compressed answer, which nobody asked for.')
    if (Number(answered['content-length'] ?? 0) > this.#maxBytes) throw tooLarge(this.#maxBytes)
    this.#declaredType = answered['content-type']
  }

  #finish(answer: HopAnswer): void {
    this.#resolve?.(answer)
    this.#end()
  }

  #end(): void {
    this.#pool.destroy().catch(() => undefined)
  }
}

/** The size that a caller is told, whatever it was told by. */
function tooLarge(maxBytes: number): FetchFailure {
  const mebibytes = Math.max(0.001, Math.round((maxBytes / 1024 / 1024) * 1000) / 1000)
  return new FetchFailure(`is larger than ${mebibytes} MiB, the most that is fetched.`)
}

type Found = (
  error: NodeJS.ErrnoException | null,
  address: string | LookupAddress[],
  family?: number,
) => void

function pinnedTo(addresses: readonly LookupAddress[]) {
  return (_host: string, options: LookupOptions, found: Found): void => {
    const [first] = addresses
    if (options.all === true) found(null, [...addresses])
    else found(null, first?.address ?? '', first?.family)
  }
}
