import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

export interface BlackHole {
  readonly url: string
  close(): Promise<void>
}

const listener = `
  const server = require('node:net').createServer()
  server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => process.send(server.address().port))
`

/** A server that stands still with a full queue: a further connection is neither taken nor refused. */
export async function createBlackHole(): Promise<BlackHole> {
  const child = spawn(process.execPath, ['-e', listener], {
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  })
  const [port]: number[] = await once(child, 'message')
  if (port === undefined) throw new Error('no port')
  child.kill('SIGSTOP')
  const sockets: Socket[] = []
  for (;;) {
    const socket = connect(port, '127.0.0.1').on('error', () => undefined)
    sockets.push(socket)
    const isTaken = await Promise.race([
      once(socket, 'connect').then(() => true),
      new Promise<boolean>((resolve) => setTimeout(() => resolve(false), 200)),
    ])
    if (!isTaken) break
  }
  return {
    url: `http://127.0.0.1:${port}`,
    async close() {
      for (const socket of sockets) socket.destroy()
      child.kill('SIGKILL')
      await once(child, 'exit')
    },
  }
}
