import { GatewayError } from '../../../gateway/errors/gateway-error.ts'
import type {
  CallStep,
  Conversation,
  Conversed,
  Reply,
  Step,
} from '../../../gateway/providers/conversation.ts'
import type { ModelRequest, Provider, Target } from '../../../gateway/providers/provider.ts'
import type { EndpointName } from '../../../modules/endpoints.ts'
import { readTranslation } from './run-fixture.ts'

/** What came of a call, as a fixture writes it. */
export interface WrittenReply {
  readonly status?: number
  readonly json?: unknown
  readonly base64?: string
}

export interface Played {
  readonly steps: readonly Step[]
  readonly answer?: Record<string, unknown>
  readonly error?: {
    readonly code: string
    readonly status: number
    readonly message: string
    readonly param?: string
  }
}

export function conversationOf(provider: Provider | undefined, endpoint: EndpointName): Conversed {
  const translation = readTranslation(provider, endpoint)
  if (translation?.kind === 'conversation') return translation
  throw new Error(`${provider?.name} does not converse for ${endpoint}`)
}

export function begin(conversed: Conversed, request: ModelRequest, target: Target): Conversation {
  return conversed.begin(request, target, { attempt: 1, secrets: ['comfy.internal:8188'] })
}

/** Plays a conversation through to its end; waits take no time. Anything but a GatewayError rises. */
export function converse(
  make: () => Conversation,
  reply: (step: CallStep, calls: number) => WrittenReply | undefined,
): Played {
  const steps: Step[] = []
  try {
    const conversation = make()
    let calls = 0
    let next = conversation.steps.next()
    while (!next.done) {
      steps.push(next.value)
      const written = next.value.kind === 'wait' ? {} : reply(next.value, calls++)
      if (!written) throw new Error(`nobody answers step ${steps.length}`)
      next = conversation.steps.next(read(written))
    }
    return { steps, answer: next.value }
  } catch (thrown) {
    if (!(thrown instanceof GatewayError)) throw thrown
    const { code, status, message, param } = thrown
    return { steps, error: { code, status, message, ...(param !== undefined && { param }) } }
  }
}

function read({ status = 200, json, base64 }: WrittenReply): Reply {
  return { status, json, ...(base64 !== undefined && { bytes: Buffer.from(base64, 'base64') }) }
}
