import type { FastifyInstance, FastifyRequest } from 'fastify'

import { countMessagesTokens } from '../pipeline/count-tokens.ts'
import { readJsonRequest } from '../pipeline/json-request.ts'
import { askCaller } from './ask-caller.ts'
import { messages } from './chat.ts'
import { endpointElsewhere } from './elsewhere.ts'
import type { Gateway } from './gateway.ts'
import { readBody } from './read-body.ts'

/** `POST /v1/messages/count_tokens`, Anthropic's question how long a prompt is. No model is called for it. */
export function addCountTokens(app: FastifyInstance, gateway: Gateway): void {
  const count = async (request: FastifyRequest) => {
    const { raw } = request
    const serving = gateway.requireServing()
    const caller = await askCaller(request, gateway, serving)
    const { module } = serving
    if (!module.endpoints.includes('messages')) throw endpointElsewhere('messages', module)
    const body = await readBody(raw, module.general.maxRequestBytes)
    return countMessagesTokens(readJsonRequest(body), messages, serving, caller)
  }
  app.post('/v1/messages/count_tokens', count)
  app.post('/messages/count_tokens', count)
}
