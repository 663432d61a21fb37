import { isObject } from '../../modules/json-object.ts'
import { lazily } from './lazily.ts'
import type { Provider } from './provider.ts'
import { textsUnder } from './read-json.ts'
import {
  beginWithUser,
  dropForeignThoughts,
  fillEmptyTexts,
  listCalledTools,
} from './request-repairs.ts'

/** Anthropic, and servers that speak its Messages API. */
export const anthropic: Provider = {
  name: 'anthropic',
  defaultBase: 'https://api.anthropic.com',
  baseEnding: /\/v1(\/messages)?$/,
  baseVariables: ['ANTHROPIC_API_BASE', 'ANTHROPIC_BASE_URL'],
  keyVariables: ['ANTHROPIC_API_KEY', 'ANTHROPIC_AUTH_TOKEN'],
  isKeyNeeded: true,
  // Tokens of an account go where others have a key.
  keyHeader: (key) =>
    key.startsWith('sk-ant-oat') ? ['authorization', `Bearer ${key}`] : ['x-api-key', key],
  headers: { 'anthropic-version': '2023-06-01' },
  endpoints: {
    'chat-completions': lazily(async () => (await import('./anthropic-chat.ts')).anthropicChat),
    messages: { kind: 'pass-through', path: '/v1/messages', callerHeaders: ['anthropic-beta'] },
  },
  metadataFields: ['user_id'],
  rules: [
    {
      models: /claude-(fable|mythos|(opus|sonnet|haiku)-(4[-.][7-9](?!\d)|[5-9](?!\d)))/,
      refused: ['temperature', 'top_p', 'top_k'],
    },
    { repairs: [dropForeignThoughts, fillEmptyTexts, beginWithUser, listCalledTools] },
  ],
  modelList: {
    path: '/v1/models',
    namesIn: (answer) => (isObject(answer) ? textsUnder('id', answer.data) : []),
  },
}
