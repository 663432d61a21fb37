import type { IncomingMessage, ServerResponse } from 'node:http'

const patienceMs = 3_000

/**
 * Reads and forgets what a caller still sends when its answer is out: most clients read an answer only after
 * they have sent everything. One who goes on for three seconds is cut off.
 */
export function forgetRest(message: IncomingMessage, response: ServerResponse): void {
  response.once('finish', () => {
    if (message.complete || message.destroyed) return
    message.unpipe()
    message.resume()
    const timer = setTimeout(() => {
      if (!message.complete && !message.destroyed) message.socket.destroy()
    }, patienceMs)
    message.once('close', () => clearTimeout(timer))
  })
}
