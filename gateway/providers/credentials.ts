import type { DeploymentParams } from '../../modules/module.ts'

/** A right to call that is not a key but a token, which somebody hands out for a while. Pure, as a provider is. */
export interface Credentials {
  /** Deployments with the same id share a token. */
  readonly id: string
  /** What no message may show. */
  readonly secrets: readonly string[]
  /** What they tell of the deployment beside; its own parameters go before. */
  readonly params?: Partial<DeploymentParams>
  /** How a token is asked for. */
  request(nowMs: number): TokenRequest
  /** The token in the answer. Throws GatewayError where it holds none. */
  read(answer: TokenAnswer, nowMs: number): Token
}

export interface TokenRequest {
  readonly url: string
  /** Flat name and value, name and value. */
  readonly headers: readonly string[]
  readonly body: string
}

export interface TokenAnswer {
  readonly status: number
  readonly body: Uint8Array
}

export interface Token {
  /** What each call carries, flat name and value. */
  readonly headers: readonly string[]
  /** Unix time. */
  readonly expiresAtMs: number
}
