import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'

/**
 * A free port of 127.0.0.1 below those that the system gives to outgoing connections: one of these
 * could take it while its server is stopped.
 */
export async function findFreePort(): Promise<number> {
  const port = randomInt(15_000, 29_000)
  const server = createServer()
  const isFree = await new Promise<boolean>((resolve) => {
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
  return isFree ? port : findFreePort()
}
