import { spawnSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import type { Socket } from 'node:dgram'
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { Server } from 'node:net'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { examine } from '../../gateway/doctor.ts'
import { readQuestion } from '../../gateway/doctor/question.ts'

const open: (Server | Socket)[] = []
afterEach(() => {
  for (const one of open.splice(0)) one.close()
})

async function listen(server: Server): Promise<number> {
  open.push(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

async function closedPort(): Promise<number> {
  const port = await listen(createServer())
  open.pop()?.close()
  return port
}

/** A name server that answers every query with this outcome; undefined: with nothing. */
async function nameServer(outcome: number | undefined): Promise<number> {
  const socket = createSocket('udp4')
  open.push(socket)
  socket.on('message', (query, from) => {
    if (outcome !== undefined) socket.send(answerTo(query, outcome), from.port, from.address)
  })
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  return socket.address().port
}

function answerTo(query: Buffer, outcome: number): Buffer {
  const answer = Buffer.from(query)
  answer[2] = 0x81
  answer[3] = 0x80 | outcome
  return answer
}

const ask = (port: number, transport: 'udp' | 'tcp' = 'udp', timeoutMs = 1000) =>
  examine({
    timeoutMs,
    reach: [],
    ask: [{ id: 'dns', server: '127.0.0.1', port, transport, name: 'a.b.example' }],
  }).then(({ asked }) => asked['dns'])

describe('a name server', () => {
  test('that answers is well, also when it does not know the name', async () => {
    expect(await ask(await nameServer(0))).toEqual({ isAnswered: true })
    expect(await ask(await nameServer(3))).toEqual({ isAnswered: true })
  })

  test('that fails is told by its outcome', async () => {
    expect(await ask(await nameServer(2))).toEqual({ isAnswered: false, code: 'RCODE2' })
  })

  test('that says nothing has timed out', async () => {
    expect(await ask(await nameServer(undefined), 'udp', 200)).toEqual({
      isAnswered: false,
      code: 'ETIMEDOUT',
    })
  })

  test('that is not there has refused, over UDP as over TCP', async () => {
    const port = await closedPort()
    expect(await ask(port)).toEqual({ isAnswered: false, code: 'ECONNREFUSED' })
    expect(await ask(port, 'tcp')).toEqual({ isAnswered: false, code: 'ECONNREFUSED' })
  })

  test('is asked over TCP in one framed query, and its answer may come in pieces', async () => {
    const server = createServer((socket) =>
      socket.on('data', (query: Buffer) => {
        expect(query.readUInt16BE(0)).toBe(query.length - 2)
        const answer = answerTo(query.subarray(2), 0)
        socket.write(Buffer.from([0]))
        setTimeout(() => socket.end(Buffer.concat([Buffer.from([answer.length]), answer])), 20)
      }),
    )
    expect(await ask(await listen(server), 'tcp')).toEqual({ isAnswered: true })
  })
})

const reach = (host: string, port: number, say?: string) =>
  examine({
    timeoutMs: 1000,
    ask: [],
    reach: [{ id: 'door', host, port, ...(say !== undefined && { say }) }],
  }).then(({ reached }) => reached['door'])

describe('a door', () => {
  test('that is open says what its name means', async () => {
    const port = await listen(createServer((socket) => socket.end()))
    expect(await reach('127.0.0.1', port)).toEqual({ isOpen: true, addresses: ['127.0.0.1'] })
  })

  test('that is shut has refused', async () => {
    expect(await reach('127.0.0.1', await closedPort())).toEqual({
      isOpen: false,
      addresses: ['127.0.0.1'],
      code: 'ECONNREFUSED',
    })
  })

  test('whose name nobody knows has no address', async () => {
    const knock = await reach('nobody.invalid', 80)
    expect(knock).toMatchObject({ isOpen: false, addresses: [] })
    expect(knock?.code).toMatch(/^E/)
  })

  test('is spoken to when there is something to say', async () => {
    const server = createServer((socket) =>
      socket.on('data', (bytes) => socket.end(`heard ${String(bytes)}`)),
    )
    expect(await reach('127.0.0.1', await listen(server), 'hello')).toMatchObject({
      isOpen: true,
      heard: 'heard hello',
    })
  })
})

describe('a question', () => {
  test.each([
    ['', 'expected a JSON object'],
    ['[]', 'expected a JSON object'],
    ['{"reach": [1]}', 'reach: expected a list of objects'],
    [
      '{"reach": [{"id": "a", "host": "b", "port": 70000}]}',
      'reach[0].port: expected a number from 1 to 65535',
    ],
    ['{"ask": [{"id": "a", "server": ""}]}', 'ask[0].server: expected a text'],
    ['{"timeoutMs": 1}', 'timeoutMs: expected a number from 100 to 60000'],
  ])('%s is refused in words', (text, words) => {
    expect(() => readQuestion(text)).toThrow(words)
  })
})

test('as a program it reads from stdin and writes one line of JSON', async () => {
  const program = join(import.meta.dirname, '../../gateway/doctor.ts')
  const port = await closedPort()
  const input = JSON.stringify({ reach: [{ id: 'a', host: '127.0.0.1', port }] })
  const { stdout, status } = spawnSync(process.execPath, [program], { input, encoding: 'utf8' })
  expect(status).toBe(0)
  expect(JSON.parse(stdout)).toMatchObject({ reached: { a: { code: 'ECONNREFUSED' } } })
  expect(spawnSync(process.execPath, [program], { input: 'no', encoding: 'utf8' })).toMatchObject({
    status: 2,
    stdout: '',
  })
})
