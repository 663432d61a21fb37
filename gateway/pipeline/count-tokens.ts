import type { Caller } from '../auth/keyring.ts'
import { estimatePromptTokens } from '../routing/prompt-tokens.ts'
import { checkFields } from './check-fields.ts'
import type { Endpoint } from './endpoint.ts'
import type { JsonRequest } from './json-request.ts'
import { meantBy, requireModel } from './model-rights.ts'
import type { Serving } from './serving.ts'

/**
 * The answer of `/v1/messages/count_tokens`: an estimate by the length of the texts, since whose tokenizer counts is
 * known only when a model is asked. Throws what the request itself would meet.
 */
export async function countMessagesTokens(
  request: JsonRequest,
  messages: Endpoint,
  { router }: Serving,
  { access }: Caller,
): Promise<Record<string, unknown>> {
  const asked = checkFields(request, messages, undefined)
  const model = access ? meantBy(access, asked) : asked
  const route = router.route(model)
  if (access) requireModel(access, model, route)
  const { countTokens } = await import('../dialects/messages.ts')
  return countTokens(request.fields, estimatePromptTokens)
}
