import { setTimeout as sleep } from 'node:timers/promises'
import { request } from 'undici'

/** Who answers on a gateway's port. */
export type PortAnswer =
  | { readonly kind: 'ours'; readonly isReady: boolean; readonly reason: string | undefined }
  /** Somebody else: another program, or a cluster's NodePort. */
  | { readonly kind: 'foreign' }
  | { readonly kind: 'silent' }

/** Asks a port for its instance until it answers, or until it need not be asked any more. */
export async function askInstance(
  port: number,
  instanceId: () => string,
  isOver: () => boolean,
): Promise<PortAnswer> {
  for (;;) {
    const answer = await askOnce(port, instanceId)
    if (answer.kind !== 'silent' || isOver()) return answer
    await sleep(40)
  }
}

async function askOnce(port: number, instanceId: () => string): Promise<PortAnswer> {
  try {
    const answer = await request(`http://127.0.0.1:${port}/health/readiness`, {
      signal: AbortSignal.timeout(2_000),
      reset: true,
    })
    const text = await answer.body.text()
    if (answer.headers['x-colonnade-instance'] !== instanceId()) return { kind: 'foreign' }
    return { kind: 'ours', isReady: answer.statusCode === 200, reason: reasonIn(text) }
  } catch (error) {
    // Who answers, but not in HTTP, is not ours.
    const isAnswer = error instanceof Error && error.name === 'HTTPParserError'
    return { kind: isAnswer ? 'foreign' : 'silent' }
  }
}

function reasonIn(text: string): string | undefined {
  try {
    const body: unknown = JSON.parse(text)
    if (typeof body !== 'object' || body === null) return undefined
    if ('reason' in body && typeof body.reason === 'string') return body.reason
    if ('message' in body && typeof body.message === 'string') return body.message
    if ('status' in body && typeof body.status === 'string') return body.status
    return undefined
  } catch {
    return undefined
  }
}
