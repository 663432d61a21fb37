import type { ModelRequest, Target, UpstreamCall } from './provider.ts'

/**
 * The upstream wants several calls for one request: queue it, ask whether it is done, fetch what was made. As pure as
 * any dialect: it hands out calls and waits, and is handed what came of them.
 */
export interface Conversed {
  readonly kind: 'conversation'
  /** The first step is asked for before anything is sent: what the dialect cannot say throws there. */
  begin(request: ModelRequest, target: Target, facts: ConversationFacts): Conversation
}

interface ConversationFacts {
  /** Attempts made for this request, this one too: what is asked once more needs a name of its own. */
  readonly attempt: number
  /** What no message may show, even if the upstream repeats it: its key, its host. */
  readonly secrets: readonly string[]
}

export interface Conversation {
  /** Ends with OpenAI's JSON body. Throws GatewayError. */
  readonly steps: Steps<Record<string, unknown>>
  /** What is left to say where it ends early with work begun. Best effort; nobody waits for it. */
  withdraw?(): Steps<void>
}

export type Steps<Result> = Generator<Step, Result, Reply>

export type Step = CallStep | WaitStep

export interface CallStep {
  readonly kind: 'call'
  readonly call: UpstreamCall
  readonly expects: 'json' | 'bytes' | 'nothing'
  /** Once it is sent the upstream may be at work: the request is not sent there once more. */
  readonly beginsWork?: boolean
  /** Statuses of refusals that are handed in like an answer; others end the conversation. */
  readonly takes?: readonly number[]
}

export interface WaitStep {
  readonly kind: 'wait'
  readonly milliseconds: number
  /** How it goes, for the log. */
  readonly note?: string
}

/** What came of a step. */
export interface Reply {
  /** 0 after a wait. */
  readonly status: number
  /** Present where JSON was expected. */
  readonly json?: unknown
  /** Present where bytes were. */
  readonly bytes?: Uint8Array
}
