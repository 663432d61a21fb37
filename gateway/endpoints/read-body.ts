import type { IncomingMessage } from 'node:http'

import { GatewayError } from '../errors/gateway-error.ts'

/** Collects a request body. Rejects with `request_too_large` as soon as that is known, `caller_gone` where it breaks off. */
export function readBody(message: IncomingMessage, maxBytes: number): Promise<Buffer> {
  return readBodyAs(message, maxBytes, (body) => body)
}

/** The same with what `take` makes of it, or throws: without a promise in between. */
export function readBodyAs<T>(
  message: IncomingMessage,
  maxBytes: number,
  take: (body: Buffer) => T,
): Promise<T> {
  const announced = Number(message.headers['content-length'] ?? 0)
  if (announced > maxBytes) return Promise.reject(tooLarge(maxBytes))
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let length = 0
    message.on('data', (chunk: Buffer) => {
      length += chunk.length
      if (length <= maxBytes) chunks.push(chunk)
      else reject(tooLarge(maxBytes))
    })
    message.on('end', () => {
      let taken: T
      try {
        taken = take(chunks.length === 1 ? (chunks[0] ?? Buffer.alloc(0)) : Buffer.concat(chunks))
      } catch (thrown) {
        reject(thrown instanceof Error ? thrown : new Error(String(thrown)))
        return
      }
      resolve(taken)
    })
    // With a listener for it, a message that breaks off ends in an error.
    message.on('error', (cause) => reject(callerGone(cause)))
  })
}

function tooLarge(maxBytes: number): GatewayError {
  return new GatewayError(
    'request_too_large',
    `The request body is larger than ${maxBytes / 1024 / 1024} MiB; general_settings.max_request_size_mb raises the limit.`,
  )
}

function callerGone(cause: unknown): GatewayError {
  return new GatewayError('caller_gone', 'The caller left before its request was complete.', {
    cause,
  })
}
