import type {
  CandidateFacts,
  CandidateTraits,
  DecisionInput,
  DecisionRules,
  RequestFacts,
} from '../../../gateway/routing/decision.ts'
import { digest } from '../../../gateway/routing/dice.ts'

type Changes = Partial<Omit<CandidateFacts, 'traits'>> & Partial<CandidateTraits>

const idle: CandidateTraits & Omit<CandidateFacts, 'traits'> = {
  id: 'a',
  order: undefined,
  weight: undefined,
  rpm: undefined,
  tpm: undefined,
  lacks: [],
  maxInputTokens: undefined,
  tags: [],
  cost: undefined,
  place: 0,
  speaks: true,
  isTried: false,
  isSpent: false,
  coolingMs: 0,
  isProbed: false,
  limitedMs: 0,
  quotaMs: 0,
  freeSlots: undefined,
  slotMs: undefined,
  queued: undefined,
  inFlight: 0,
  latencyMs: 30,
  meanLatency: 0,
  minuteRequests: 0,
  minuteTokens: 0,
}

/** A candidate that is idle and well, but for what is given. */
export function candidateWith(changes: Changes = {}): CandidateFacts {
  const { id, order, weight, rpm, tpm, lacks, maxInputTokens, tags, cost, place, ...facts } = {
    ...idle,
    place: digest(changes.id ?? idle.id),
    ...changes,
  }
  const traits = { id, order, weight, rpm, tpm, lacks, maxInputTokens, tags, cost, place }
  return { traits, ...facts }
}

const plainRules: DecisionRules = {
  isTagFiltering: false,
  isTagMatchAny: true,
  arePreCallChecksOn: false,
  areRatesEnforced: false,
  latencyBuffer: 0,
}

const plainRequest: RequestFacts = {
  endpoint: 'chat-completions',
  promptTokens: 0,
  needs: [],
  tags: [],
  affinity: undefined,
}

interface InputChanges extends Partial<Pick<DecisionInput, 'strategy' | 'seed'>> {
  readonly rules?: Partial<DecisionRules>
  readonly request?: Partial<RequestFacts>
}

/** An input about these candidates, named `a`, `b`, `c` … by their place; plain but for what is given. */
export function inputWith(
  candidates: readonly Changes[],
  { strategy = 'peak-ewma', seed = 1, rules, request }: InputChanges = {},
): DecisionInput {
  return {
    strategy,
    seed,
    rules: { ...plainRules, ...rules },
    request: { ...plainRequest, ...request },
    candidates: candidates.map((changes, at) =>
      candidateWith({ id: String.fromCharCode(97 + at), ...changes }),
    ),
  }
}
