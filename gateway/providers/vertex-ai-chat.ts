import { isClaude } from './vertex-ai-models.ts'
import { isObject } from '../../modules/json-object.ts'
import { anthropicChat } from './anthropic-chat.ts'
import type { PathOf } from './gemini-models.ts'
import type { StreamTranslator, Translated } from './provider.ts'

/** Chat with Google's models and Anthropic's, each in its own dialect. What comes back tells which it is. */
export function createVertexChat(gemini: Translated, claudePath: PathOf): Translated {
  return {
    kind: 'translated',
    needsMaximum: anthropicChat.needsMaximum === true,
    // Claude reads no address here, other than at its own door.
    wantsInline: (file, target) =>
      isClaude(target.model) || gemini.wantsInline?.(file, target) === true,
    toUpstream(request, target) {
      if (!isClaude(target.model)) return gemini.toUpstream(request, target)
      const call = anthropicChat.toUpstream(request, target)
      const { model: _, ...body } = isObject(call.body) ? call.body : {}
      const method = request.isStream ? 'streamRawPredict' : 'rawPredict'
      return {
        ...call,
        path: claudePath(target, method),
        body: { anthropic_version: 'vertex-2023-10-16', ...body },
      }
    },
    toAnswer: (answer, request) =>
      (isAnthropics(answer) ? anthropicChat : gemini).toAnswer(answer, request),
    stream: {
      framing: 'sse',
      create(request) {
        let translator: StreamTranslator | undefined
        return {
          get isDone() {
            return translator?.isDone ?? false
          },
          get usage() {
            return translator?.usage
          },
          onEvent(event) {
            translator ??= (isAnthropics(event) ? anthropicChat : gemini).stream?.create(request)
            return translator?.onEvent(event) ?? []
          },
        }
      },
    },
  }
}

/** Each of Anthropic's answers and events says what it is; Google's have no type. */
function isAnthropics(said: unknown): boolean {
  return isObject(said) && typeof said.type === 'string'
}
