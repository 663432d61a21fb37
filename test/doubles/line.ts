import { connect, createServer, type Socket } from 'node:net'

/** A line to a local port that can go silent as a broken network does: nothing arrives, nothing is cut. */
export interface Line {
  readonly port: number
  freeze(): void
  thaw(): void
  close(): Promise<void>
}

/** Opens a port of 127.0.0.1 that passes everything on to another. */
export async function createLine(targetPort: number): Promise<Line> {
  const sockets = new Set<Socket>()
  let isFrozen = false
  const keep = (socket: Socket) => {
    sockets.add(socket)
    if (isFrozen) socket.pause()
    socket.on('error', () => undefined)
    socket.on('close', () => sockets.delete(socket))
  }
  const server = createServer((near) => {
    const far = connect(targetPort, '127.0.0.1')
    near.pipe(far).pipe(near)
    keep(near)
    keep(far)
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return {
    port: address.port,
    freeze: () => {
      isFrozen = true
      for (const socket of sockets) socket.pause()
    },
    thaw: () => {
      isFrozen = false
      for (const socket of sockets) socket.resume()
    },
    close: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => {
        server.close(resolve)
      })
    },
  }
}
