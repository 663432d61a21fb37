import { isObject } from '../../modules/json-object.ts'
import type { DeploymentParams } from '../../modules/module.ts'
import type { PassThrough, Provider } from './provider.ts'
import { textsUnder } from './read-json.ts'

const defaultVersion = '2025-02-01-preview'

/**
 * OpenAI's dialect behind Azure's paths: `/openai/deployments/{deployment}/…?api-version=`, where the model is the name of
 * a deployment there; and plain paths where the base URL ends in `/openai/v1`, Azure's newer form.
 */
export const azure: Provider = {
  name: 'azure',
  keyVariables: ['AZURE_API_KEY', 'AZURE_OPENAI_API_KEY'],
  baseVariables: ['AZURE_API_BASE'],
  versionVariables: ['AZURE_API_VERSION'],
  isKeyNeeded: true,
  keyHeader: (apiKey) => ['api-key', apiKey],
  // People paste the whole address that the portal shows.
  baseEnding: /\/openai(\/deployments(\/.*)?)?$/,
  endpoints: {
    'chat-completions': passedTo('/chat/completions'),
    completions: passedTo('/completions'),
    responses: { kind: 'pass-through', path: ({ params }) => responsesPath(params) },
    embeddings: passedTo('/embeddings'),
    'images-generations': passedTo('/images/generations'),
    'images-edits': passedTo('/images/edits'),
    'audio-transcriptions': passedTo('/audio/transcriptions'),
    'audio-translations': passedTo('/audio/translations'),
    'audio-speech': passedTo('/audio/speech'),
  },
  modelList: {
    path: `/openai/models?api-version=${defaultVersion}`,
    namesIn: (answer) => (isObject(answer) ? textsUnder('id', answer.data) : []),
  },
}

function passedTo(path: string): PassThrough {
  return {
    kind: 'pass-through',
    path: ({ model, params }) =>
      isNewer(params)
        ? path
        : `/openai/deployments/${encodeURIComponent(model)}${path}?${versionOf(params)}`,
  }
}

// Responses name their deployment in the body, in the older form too.
function responsesPath(params: DeploymentParams): string {
  return isNewer(params) ? '/responses' : `/openai/responses?${versionOf(params)}`
}

function isNewer({ apiBase }: DeploymentParams): boolean {
  return apiBase !== undefined && /\/openai\/v1\/?$/.test(apiBase)
}

function versionOf({ apiVersion = defaultVersion }: DeploymentParams): string {
  return `api-version=${encodeURIComponent(apiVersion)}`
}
