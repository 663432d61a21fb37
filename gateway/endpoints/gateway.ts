import type { Configuration } from '../configuration.ts'
import type { HealthReport } from './health-report.ts'
import type { Rooms } from '../pipeline/rooms.ts'
import type { Serving } from '../pipeline/serving.ts'
import type { Settings } from '../settings.ts'
import type { Storage } from '../storage/storage.ts'
import type { Explanation } from '../telemetry/explanation.ts'

/** What the endpoints are handed. */
export interface Gateway {
  readonly settings: Settings
  readonly configuration: Configuration
  readonly rooms: Rooms
  readonly storage: Storage
  /** What is served beside the document, from the database. */
  readonly stored: {
    readonly saltState: string
    /** What to do where the salt key was changed. */
    readonly saltWords: string
    /** Brings what has just been changed into what this process serves. Never rejects. */
    refresh(): Promise<void>
  }
  readonly moduleName: string
  /** Where uploads rest that do not fit into memory. */
  readonly uploadFolder: string
  /** What serves now. Throws `not_ready` before there is a configuration, `shutting_down` at the end. */
  requireServing(): Serving
  readiness(): Readiness
  /** Every worker's answer to a question, this one's among them. */
  askAll: <Q extends Question>(question: Q) => Promise<Answers[Q][]>
  /** Why an exchange of the last hour went where it went; undefined: nobody knows it. */
  findExplanation(id: string): Promise<unknown>
  metricsText(): Promise<string>
}

export interface Readiness {
  readonly isReady: boolean
  readonly body: Readonly<Record<string, unknown>>
}

/** What workers ask each other, and the shapes of the answers. */
export interface Answers {
  readonly health: HealthReport
  readonly config: Readonly<Record<string, unknown>>
  readonly metrics: readonly unknown[]
  /** Of the exchange asked about; null where this worker did not serve it. */
  readonly explain: Explanation | null
}

export type Question = keyof Answers
