import type { DeploymentParams } from '../../modules/module.ts'
import { a1111 } from './a1111.ts'
import { anthropic } from './anthropic.ts'
import { azure } from './azure.ts'
import { bedrock } from './bedrock.ts'
import { createCohere } from './cohere.ts'
import { comfyui } from './comfyui.ts'
import { deepgram } from './deepgram.ts'
import { elevenLabs } from './elevenlabs.ts'
import { gemini } from './gemini.ts'
import { createOllama } from './ollama.ts'
import { createOpenAiCompatible } from './openai-compatible.ts'
import { openAiVendors } from './openai-vendors.ts'
import { piper } from './piper.ts'
import type { Provider } from './provider.ts'
import { vertexAi } from './vertex-ai.ts'
import { whisperCpp } from './whisper-cpp.ts'
import { resolveAmong, type Resolved } from './resolve-provider.ts'

const ownDialects = {
  ollama: createOllama('ollama'),
  ollama_chat: createOllama('ollama_chat'),
  a1111,
  comfyui,
  anthropic,
  azure,
  bedrock,
  gemini,
  vertex_ai: vertexAi,
  cohere: createCohere('cohere'),
  cohere_chat: createCohere('cohere_chat'),
  deepgram,
  elevenlabs: elevenLabs,
  piper,
  whisper_cpp: whisperCpp,
} satisfies Record<string, Provider>

/** Every dialect, by the prefix before the slash in `litellm_params.model`. */
export const providers: Readonly<Record<string, Provider>> = {
  ...Object.fromEntries(
    Object.entries(openAiVendors).map(([name, vendor]) => [
      name,
      createOpenAiCompatible(name, vendor),
    ]),
  ),
  ...ownDialects,
}

/** Which dialect a deployment speaks and its upstream model name, or what is wrong with it. */
export function resolveProvider(
  params: Pick<DeploymentParams, 'model' | 'customProvider' | 'apiBase'>,
): Resolved {
  return resolveAmong(providers, params)
}
