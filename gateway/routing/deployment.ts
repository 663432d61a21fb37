import type { DeploymentParams } from '../../modules/module.ts'
import type { Pricing } from '../accounting/pricing.ts'
import type { Gate } from '../limits/gate.ts'
import type { Credentials } from '../providers/credentials.ts'
import type { Provider, Target } from '../providers/provider.ts'
import type { Sign } from '../providers/signing.ts'
import type { Health } from './health.ts'

/** One place a model can be called: provider + upstream model + base URL + key, all resolved. */
export interface Deployment {
  /** Stable over restarts: `model_info.id`, else a digest of what it is. */
  readonly id: string
  /** The public name it stands behind; a pattern for a wildcard. */
  readonly modelName: string
  readonly provider: Provider
  readonly target: Target
  /** `http://host:port`, for the connection pool. */
  readonly origin: string
  /** Path of the base URL, without a trailing slash. */
  readonly basePath: string
  /** The same headers for every call, keys included: flat name, value, name, value. */
  readonly headers: readonly string[]
  /** Who asks for the token that each call carries; absent: the key is among the headers. */
  readonly credentials?: Credentials
  /** What signs each call just before it is sent; absent: nothing does. */
  readonly sign?: Sign
  /** What no message to a caller may show: the key, the host. */
  readonly secrets: readonly string[]
  readonly params: DeploymentParams
  readonly info: Readonly<Record<string, unknown>>
  readonly timeouts: Timeouts
  readonly health: Health
  /** Its quotas and places; absent: nothing bounds what it is sent. */
  readonly gate?: Gate
  /** What its models cost. */
  readonly pricing?: Pricing
}

/** The clocks of one attempt, each on its own. All milliseconds. */
export interface Timeouts {
  /** Until a connection stands. */
  readonly connectMs: number
  /** One attempt, first to last byte, of an answer that is not streamed. */
  readonly totalMs: number
  /** Until the first event of a stream. */
  readonly firstByteMs: number
  /** Between two events of a stream. */
  readonly idleMs: number
  /** From the first to the last event of a stream; 0: as long as it flows. */
  readonly streamMs: number
}
