// The package's front door loads fetch, caches and mocks too: twice the time and 14 MB for nothing.
import Pool from 'undici/lib/dispatcher/pool.js'

const connectTimeoutMs = 5_000

/** One connection pool an origin, kept over reloads; keep-alive, no pipelining. */
export class Pools {
  readonly #pools = new Map<string, Pool>()

  of(origin: string): Pool {
    const known = this.#pools.get(origin)
    if (known) return known
    const pool = new Pool(origin, {
      connections: null,
      pipelining: 1,
      connect: { timeout: connectTimeoutMs, autoSelectFamily: true },
      headersTimeout: 0,
      bodyTimeout: 0,
      allowH2: false,
    })
    this.#pools.set(origin, pool)
    return pool
  }

  /** Closes the pools of origins that no deployment uses any more; calls under way end first. */
  keepOnly(origins: ReadonlySet<string>): void {
    for (const [origin, pool] of this.#pools) {
      if (origins.has(origin)) continue
      this.#pools.delete(origin)
      void pool.close()
    }
  }

  async destroy(): Promise<void> {
    const pools = [...this.#pools.values()]
    this.#pools.clear()
    await Promise.all(pools.map((pool) => pool.destroy()))
  }
}
