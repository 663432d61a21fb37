import type { FastifyBaseLogger } from 'fastify'
import type { Dispatcher } from 'undici'

import type { Deployment } from '../routing/deployment.ts'
import type { RunningCalls } from '../upstream/running-calls.ts'
import type { Exchange } from './exchange.ts'

/** What the pipeline is handed; only `app.ts` knows what stands behind it. */
export interface Rooms {
  /** The connection pool of an origin. */
  readonly pool: (origin: string) => Dispatcher
  /** Monotonic milliseconds. */
  readonly now: () => number
  /** Unix milliseconds. */
  readonly wallClock: () => number
  /** Uniform in [0, 1). */
  readonly random: () => number
  /** Counts an exchange that begins. */
  readonly begin: () => void
  /** Records an exchange that is over: rows and metrics. */
  readonly settle: (exchange: Exchange) => void
  /** Counts an exchange that was refused at the door, before anything was read; it leaves no row. */
  readonly refuse: (exchange: Exchange) => void
  /** Counts one attempt by its outcome: `ok` or an error code. */
  readonly countAttempt: (
    exchange: Exchange,
    deployment: Deployment,
    outcome: string,
    status: number,
  ) => void
  /** Each call that is under way; ended when a deadline cuts the process short. */
  readonly running: RunningCalls
  /** Keeps a picture for an hour; the id stands in its address. */
  readonly saveImage: (image: { bytes: Buffer; contentType: string }) => Promise<string>
  /** `http://host:port` for links handed out; undefined: by the request's Host. */
  readonly publicUrl: string | undefined
  readonly log: FastifyBaseLogger
}
