import type { Fault, Module } from '../../modules/module.ts'
import type { Keyring } from '../auth/keyring.ts'
import type { DeploymentFault } from '../routing/create-deployments.ts'
import type { Router } from '../routing/router.ts'

/** One generation of the configuration, whole and unchanging; a request keeps the one it began with. */
export interface Serving {
  /** Counts the documents taken since the process began; 1 for the first. */
  readonly generation: number
  /** Digest of document and secrets: equal on every replica that serves the same. */
  readonly digest: string
  readonly module: Module
  readonly router: Router
  readonly keyring: Keyring
  /** Model entries left out, and why. */
  readonly leftOut: readonly DeploymentFault[]
  readonly warnings: readonly Fault[]
  /** Unix milliseconds. */
  readonly loadedAtMs: number
}
