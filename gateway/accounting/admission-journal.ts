import type { CallerHold } from '../limits/caller-gate.ts'
import type { UsageRow } from './usage.ts'

/** A request whose holds are written down. */
export interface OpenAdmission {
  /** It holds something else now; written down before it is used. Throws GatewayError `storage_unavailable`. */
  change(holds: readonly CallerHold[], shares: readonly number[], row: UsageRow | undefined): void
  /** What each of its holds was charged, and its row as it goes to storage. Neither waits nor throws. */
  end(shares: readonly number[], line: string | undefined): void
}

/**
 * Where it is written down, before anything is sent, what requests hold of limits: whoever finds it after the process
 * was killed charges that, and writes the row.
 */
export interface AdmissionJournal {
  /**
   * What is to be charged, and the row that is to be written, should the process not come to the end of it. Undefined:
   * no database is configured, and nobody else counts. Throws GatewayError `storage_unavailable`.
   */
  open(
    holds: readonly CallerHold[],
    shares: readonly number[],
    row: UsageRow | undefined,
  ): OpenAdmission | undefined
}
