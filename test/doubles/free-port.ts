import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'

/**
 * A free port of 127.0.0.1, unless told otherwise below those that the system gives to outgoing connections: one of these
 * could take it while its server is stopped.
 */
export async function findFreePort(from = 15_000, to = 29_000): Promise<number> {
  const port = randomInt(from, to)
  const server = createServer()
  const isFree = await new Promise<boolean>((resolve) => {
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
  return isFree ? port : findFreePort(from, to)
}
