// The package's front door loads fetch, caches and mocks too: twice the time and 14 MB for nothing.
import Pool from 'undici/lib/dispatcher/pool.js'

const defaultConnectMs = 5_000

/** Connection pools, one for each origin and connect timeout, kept over reloads; keep-alive, no pipelining. */
export class Pools {
  readonly #pools = new Map<string, Map<number, Pool>>()

  of(origin: string, connectMs = defaultConnectMs): Pool {
    return this.#pools.get(origin)?.get(connectMs) ?? this.#create(origin, connectMs)
  }

  /** Closes the pools of origins that no deployment uses any more; calls under way end first. */
  keepOnly(origins: ReadonlySet<string>): void {
    for (const [origin, pools] of this.#pools) {
      if (origins.has(origin)) continue
      this.#pools.delete(origin)
      for (const pool of pools.values()) void pool.close()
    }
  }

  async destroy(): Promise<void> {
    const pools = [...this.#pools.values()].flatMap((ofOrigin) => [...ofOrigin.values()])
    this.#pools.clear()
    await Promise.all(pools.map((pool) => pool.destroy()))
  }

  #create(origin: string, connectMs: number): Pool {
    const pool = new Pool(origin, {
      connections: null,
      pipelining: 1,
      // Kept by a coarse clock: it frees the socket. The call itself keeps the time exactly.
      connect: { timeout: connectMs, autoSelectFamily: true },
      headersTimeout: 0,
      bodyTimeout: 0,
      allowH2: false,
    })
    const ofOrigin = this.#pools.get(origin) ?? new Map<number, Pool>()
    this.#pools.set(origin, ofOrigin.set(connectMs, pool))
    return pool
  }
}
