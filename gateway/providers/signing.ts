import type { DeploymentParams, SigningKeys } from '../../modules/module.ts'

/** A call as it will be sent, but for what signs it. */
export interface FinishedCall {
  readonly method: string
  /** As it stands in the call's Host: with its port, unless that is the usual one. */
  readonly host: string
  /** With its query. */
  readonly path: string
  /** Flat name and value. */
  readonly headers: readonly string[]
  readonly body: Uint8Array
}

/** The headers to add to a call that is sent at this Unix time, flat name and value. Pure. */
export type Sign = (call: FinishedCall, nowMs: number) => Promise<readonly string[]>

/** How a vendor takes calls that are signed by a pair of keys, in place of one that is shown. */
export interface Signing {
  /** The keys' names in `litellm_params`. */
  readonly names: Readonly<Record<keyof SigningKeys, string>>
  /** Environment variables that may hold them, in order, where the deployment names none. */
  readonly variables: Readonly<Record<keyof SigningKeys, readonly string[]>>
  /** What to do instead of what is not done here; ends the message that no keys are there. */
  readonly advice: string
  create(keys: SigningKeys, params: DeploymentParams): Sign
}
