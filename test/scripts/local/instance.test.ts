import { createServer, type RequestListener } from 'node:http'
import { createServer as createSocketServer, type Server } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { askInstance } from '../../../scripts/local/instance.ts'
import { findFreePort, findPortFault } from '../../../scripts/local/ports.ts'

let server: Server | undefined
afterEach(() => server?.close())

async function listen(created: Server): Promise<number> {
  server = created
  await new Promise<void>((resolve) => created.listen(0, '127.0.0.1', resolve))
  const address = created.address()
  return typeof address === 'object' && address ? address.port : 0
}

const answering = (listener: RequestListener) =>
  listen(createServer({ keepAlive: false }, listener))
const soon = () => {
  const endMs = Date.now() + 300
  return () => Date.now() > endMs
}

test('our own instance is known by its header, ready or not', async () => {
  let status = 503
  const port = await answering((_, response) => {
    response.writeHead(status, { 'x-colonnade-instance': 'me' }).end('{"reason":"no key"}')
  })
  expect(await askInstance(port, () => 'me', soon())).toEqual({
    kind: 'ours',
    isReady: false,
    reason: 'no key',
  })
  status = 200
  expect(await askInstance(port, () => 'me', soon())).toMatchObject({ kind: 'ours', isReady: true })
})

test('another gateway and another program are foreign', async () => {
  const port = await answering((_, response) =>
    response.setHeader('x-colonnade-instance', 'them').end('{}'),
  )
  expect(await askInstance(port, () => 'me', soon())).toEqual({ kind: 'foreign' })
  const rude = await listen(createSocketServer((socket) => socket.end('SSH-2.0 hello\r\n')))
  expect(await askInstance(rude, () => 'me', soon())).toEqual({ kind: 'foreign' })
})

test('a port nobody listens on is asked until it is over', async () => {
  expect(await askInstance(await findFreePort(), () => 'me', soon())).toEqual({ kind: 'silent' })
})

test('a port in use is told apart from a free one', async () => {
  const port = await answering((_, response) => response.end())
  expect(await findPortFault(port)).toBe('EADDRINUSE')
  expect(await findPortFault(await findFreePort())).toBeUndefined()
})
