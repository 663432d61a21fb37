import type { Endpoint } from '../pipeline/endpoint.ts'

/** Chat, streamed or not. */
export const chatCompletions: Endpoint = {
  name: 'chat-completions',
  body: 'json',
  required: { messages: 'list' },
  answer: 'json',
  answerList: 'choices',
  hasStreamUsage: true,
  idPrefix: 'chatcmpl-',
  errors: 'openai',
}

/** The older text completion. */
export const completions: Endpoint = {
  name: 'completions',
  body: 'json',
  required: { prompt: 'text or list' },
  answer: 'json',
  answerList: 'choices',
  hasStreamUsage: true,
  idPrefix: 'cmpl-',
  errors: 'openai',
}

/** OpenAI's Responses, passed on to upstreams that have it. */
export const responses: Endpoint = {
  name: 'responses',
  body: 'json',
  required: { input: 'text or list' },
  answer: 'json',
  hasStreamUsage: false,
  lastEvents: ['response.completed', 'response.incomplete', 'response.failed'],
  idPrefix: 'resp_',
  errors: 'openai',
}

/** Anthropic's Messages, passed on to upstreams that have it. */
export const messages: Endpoint = {
  name: 'messages',
  body: 'json',
  required: { messages: 'list' },
  answer: 'json',
  hasStreamUsage: false,
  lastEvents: ['message_stop'],
  idPrefix: 'msg_',
  errors: 'anthropic',
}
