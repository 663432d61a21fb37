import { addressOf, bareName, regionIn, regionOf, takesCachePoints } from './bedrock-models.ts'
import { anthropic } from './anthropic.ts'
import { lazily } from './lazily.ts'
import type { Provider } from './provider.ts'
import { beginWithUser, fillEmptyTexts } from './request-repairs.ts'
import type { Sign, Signing } from './signing.ts'

const signing: Signing = {
  names: {
    accessKeyId: 'aws_access_key_id',
    secretAccessKey: 'aws_secret_access_key',
    sessionToken: 'aws_session_token',
  },
  variables: {
    accessKeyId: ['AWS_ACCESS_KEY_ID'],
    secretAccessKey: ['AWS_SECRET_ACCESS_KEY'],
    sessionToken: ['AWS_SESSION_TOKEN'],
  },
  advice:
    'Profiles, roles and the credentials of an instance are not read: set a pair of keys, with AWS_SESSION_TOKEN where it is lent, or a Bedrock API key',
  create(keys, params): Sign {
    const scope = { region: regionOf(params), service: 'bedrock' }
    return async (call, nowMs) =>
      (await import('./bedrock-sign.ts')).signatureOf(call, nowMs, keys, scope)
  },
}

/** Models of many makers at AWS Bedrock: by calls signed with AWS keys, or by one of Bedrock's own API keys. */
export const bedrock: Provider = {
  name: 'bedrock',
  defaultBase: 'https://bedrock-runtime.us-west-2.amazonaws.com',
  baseOf: addressOf,
  baseVariables: ['AWS_BEDROCK_RUNTIME_ENDPOINT'],
  baseEnding: /\/model(\/.*)?$/,
  keyVariables: ['AWS_BEARER_TOKEN_BEDROCK'],
  isKeyNeeded: true,
  paramVariables: { location: ['AWS_REGION_NAME', 'AWS_REGION', 'AWS_DEFAULT_REGION'] },
  bareName,
  paramsOf: regionIn,
  signing,
  endpoints: {
    'chat-completions': lazily(async () => (await import('./bedrock-chat.ts')).bedrockChat),
    embeddings: lazily(async () => (await import('./bedrock-embed.ts')).bedrockEmbed),
    rerank: lazily(async () => (await import('./bedrock-rerank.ts')).bedrockRerank),
    'images-generations': lazily(async () => (await import('./bedrock-images.ts')).bedrockImages),
  },
  takesCacheMarks: takesCachePoints,
  rules: [
    // What Anthropic's models refuse at its own door they refuse here.
    ...(anthropic.rules ?? []).flatMap(({ models, refused }) =>
      models && refused ? [{ models, refused }] : [],
    ),
    { repairs: [fillEmptyTexts, beginWithUser] },
  ],
  // Its list stands at another address, which a runtime's key need not open.
  modelList: { path: '/foundation-models', namesIn: () => [] },
  usageReader: async () => (await import('./own-usage.ts')).bedrockUsage,
}
