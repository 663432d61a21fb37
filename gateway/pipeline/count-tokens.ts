import { estimatePromptTokens } from '../routing/prompt-tokens.ts'
import { checkFields } from './check-fields.ts'
import type { Endpoint } from './endpoint.ts'
import type { JsonRequest } from './json-request.ts'
import type { Serving } from './serving.ts'

/**
 * The answer of `/v1/messages/count_tokens`: an estimate by the length of the texts, since whose tokenizer counts is
 * known only when a model is asked. Throws what the request itself would meet.
 */
export async function countMessagesTokens(
  request: JsonRequest,
  messages: Endpoint,
  { router }: Serving,
): Promise<Record<string, unknown>> {
  router.route(checkFields(request, messages, undefined))
  const { countTokens } = await import('../dialects/messages.ts')
  return countTokens(request.fields, estimatePromptTokens)
}
