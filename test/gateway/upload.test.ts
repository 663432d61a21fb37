import { createHash } from 'node:crypto'
import { createServer, request as httpRequest } from 'node:http'
import { once } from 'node:events'
import { setImmediate as turn } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'

import { modelAt, startGatewayProcess, type GatewayProcess } from '../doubles/gateway.ts'
import { readFileSync } from 'node:fs'

const size = 100 * 1024 * 1024
const piece = Buffer.alloc(64 * 1024, 'colonnade!')
const boundary = 'BOUNDARY'

let gateway: GatewayProcess
const received: { length: number; digest: string }[] = []

// Hashes what comes instead of keeping it: the double must not be the one that swells.
const upstream = createServer((incoming, response) => {
  const hash = createHash('sha256')
  let length = 0
  let head = Buffer.alloc(0)
  const end = Buffer.byteLength('\r\n')
  let held = Buffer.alloc(0)
  let isInFile = false
  let left = size
  incoming.on('data', (chunk: Buffer) => {
    if (!isInFile) {
      head = Buffer.concat([head, chunk])
      const at = head.indexOf('filename="large.wav"')
      const start = at < 0 ? -1 : head.indexOf('\r\n\r\n', at)
      if (start < 0) return
      isInFile = true
      chunk = head.subarray(start + 4)
    }
    const own = chunk.subarray(0, left)
    left -= own.length
    length += own.length
    hash.update(own)
    held = Buffer.concat([held, chunk.subarray(own.length)]).subarray(0, end)
  })
  incoming.on('end', () => {
    if (held.toString() === '\r\n') received.push({ length, digest: hash.digest('hex') })
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"text":"heard"}')
  })
})

beforeAll(async () => {
  upstream.listen(0, '127.0.0.1')
  await once(upstream, 'listening')
  const address = upstream.address()
  const port = address !== null && typeof address === 'object' ? address.port : 0
  gateway = await startGatewayProcess({ config: modelAt(`http://127.0.0.1:${port}`) })
  await gateway.untilReady()
})
afterAll(async () => {
  await gateway.close()
  upstream.close()
})

const part = (name: string, value: string, more = '') =>
  `--${boundary}\r\ncontent-disposition: form-data; name="${name}"${more}\r\n\r\n${value}`

function residentMb(): number {
  const status = readFileSync(`/proc/${gateway.child.pid}/status`, 'utf8')
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024)
}

async function upload(
  isModelFirst: boolean,
): Promise<{ text: string; digest: string; most: number }> {
  const request = httpRequest(`${gateway.url}/v1/audio/transcriptions`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${gateway.key}`,
      'content-type': `multipart/form-data; boundary=${boundary}`,
    },
  })
  const answered = once(request, 'response')
  const model = `${part('model', 'm')}\r\n`
  const hash = createHash('sha256')
  let most = 0
  if (isModelFirst) request.write(model)
  request.write(part('file', '', '; filename="large.wav"'))
  for (let sent = 0; sent < size; sent += piece.length) {
    hash.update(piece)
    if (!request.write(piece)) await once(request, 'drain')
    else await turn()
    if (sent % (8 * 1024 * 1024) === 0) most = Math.max(most, residentMb())
  }
  request.end(`\r\n${isModelFirst ? '' : model}--${boundary}--\r\n`)
  const [response] = await answered
  let text = ''
  for await (const chunk of response) text += String(chunk)
  return { text, digest: hash.digest('hex'), most: Math.max(most, residentMb()) }
}

test.each([
  ['the model before the file: it flows through', true],
  ['the model behind the file: it rests on the disk', false],
])('100 MB arrive byte for byte, %s', async (words, isModelFirst) => {
  const before = residentMb()
  const { text, digest, most } = await upload(isModelFirst)
  console.info(`100 MB, ${words}: ${before} MB resident before, at most ${most} MB during it`)
  expect(JSON.parse(text)).toEqual({ text: 'heard' })
  expect(received.at(-1)).toEqual({ length: size, digest })
})
