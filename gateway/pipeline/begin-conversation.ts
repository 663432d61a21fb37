import type { Conversation, Conversed, Step } from '../providers/conversation.ts'
import type { ModelRequest, Target } from '../providers/provider.ts'
import type { Deployment } from '../routing/deployment.ts'
import { ConversationRun } from './conversation-run.ts'
import type { Outgoing } from './outgoing.ts'

/** A conversation whose first step is known: nothing was found that its dialect cannot say. */
export interface BegunConversation {
  readonly conversation: Conversation
  readonly first: IteratorResult<Step, Record<string, unknown>>
}

/** The first step of a request that takes several calls, ready to be sent. Throws what its dialect refuses. */
export function beginConversation(
  translation: Conversed,
  modelRequest: ModelRequest,
  target: Target,
  { basePath, headers, secrets }: Deployment,
  attempt: number,
): Outgoing {
  const conversation = translation.begin(modelRequest, target, { attempt, secrets })
  const begun = { conversation, first: conversation.steps.next() }
  return {
    call: { method: 'GET', path: basePath, headers: [...headers], body: null },
    translation,
    runConversation: (opening) => new ConversationRun(begun, opening),
    modelRequest,
    isUsageHidden: false,
    isReplayable: () => true,
  }
}
