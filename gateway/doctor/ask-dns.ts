import { createSocket } from 'node:dgram'
import { isIPv6, createConnection } from 'node:net'
import type { DnsQuestion } from './question.ts'

/** Whether a name server said anything at all: one that does not know the name is alive too. */
export interface DnsAnswer {
  readonly isAnswered: boolean
  /** `ETIMEDOUT`, `ECONNREFUSED`, …; or, of an answer that is none, `RCODE2`. */
  readonly code?: string
}

/** Over UDP a packet may be lost; over TCP none is. */
const udpTries = 3

/** Asks one name server directly. Never throws. */
export function askDns(question: DnsQuestion, timeoutMs: number): Promise<DnsAnswer> {
  const { promise, resolve } = Promise.withResolvers<DnsAnswer>()
  const close =
    question.transport === 'udp'
      ? overUdp(question, timeoutMs, resolve)
      : overTcp(question, resolve)
  const patience = setTimeout(() => resolve(failed('ETIMEDOUT')), timeoutMs)
  return promise.finally(() => {
    clearTimeout(patience)
    close()
  })
}

type Tell = (answer: DnsAnswer) => void

function overUdp({ server, port, name }: DnsQuestion, timeoutMs: number, tell: Tell): () => void {
  const socket = createSocket(isIPv6(server) ? 'udp6' : 'udp4')
  const packet = queryFor(name)
  // Connected, so that a closed port is told of and nobody else may answer.
  socket.on('error', (error) => tell(failed(codeOf(error))))
  socket.on('message', (message) => tell(answerIn(message)))
  const send = () => socket.send(packet, (error) => error && tell(failed(codeOf(error))))
  socket.connect(port, server, send)
  const again = setInterval(send, Math.ceil(timeoutMs / udpTries))
  return () => {
    clearInterval(again)
    socket.close()
  }
}

function overTcp({ server, port, name }: DnsQuestion, tell: Tell): () => void {
  const socket = createConnection({ host: server, port })
  const packet = queryFor(name)
  const length = Buffer.alloc(2)
  length.writeUInt16BE(packet.length)
  let heard = Buffer.alloc(0)
  socket.on('connect', () => socket.write(Buffer.concat([length, packet])))
  socket.on('data', (bytes: Buffer) => {
    heard = Buffer.concat([heard, bytes])
    if (heard.length >= 14) tell(answerIn(heard.subarray(2)))
  })
  socket.on('error', (error) => tell(failed(codeOf(error))))
  socket.on('close', () => tell(failed('ECONNRESET')))
  return () => socket.destroy()
}

const header = Buffer.from([0x43, 0x6f, 0x01, 0x00, 0, 1, 0, 0, 0, 0, 0, 0])

/** A query for the address of a name, recursion desired. */
function queryFor(name: string): Buffer {
  const labels = name
    .split('.')
    .filter((label) => label !== '')
    .map((label) => Buffer.from(label, 'latin1').subarray(0, 63))
  const written = labels.flatMap((label) => [Buffer.from([label.length]), label])
  return Buffer.concat([header, ...written, Buffer.from([0, 0, 1, 0, 1])])
}

const serverFailure = 2
const refused = 5

function answerIn(message: Buffer): DnsAnswer {
  const isOurs = message.length >= 12 && message[0] === header[0] && message[1] === header[1]
  if (!isOurs || ((message[2] ?? 0) & 0x80) === 0) return failed('NONSENSE')
  const outcome = (message[3] ?? 0) & 0x0f
  return outcome === serverFailure || outcome === refused
    ? failed(`RCODE${outcome}`)
    : { isAnswered: true }
}

function failed(code: string): DnsAnswer {
  return { isAnswered: false, code }
}

function codeOf(error: Error): string {
  return 'code' in error ? String(error.code) : 'UNKNOWN'
}
