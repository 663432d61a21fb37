import { lookup } from 'node:dns'
import { createConnection } from 'node:net'
import type { Door } from './question.ts'

/** What stands behind a host and port. */
export interface Knock {
  readonly isOpen: boolean
  /** What the name means here; empty when it could not be told. */
  readonly addresses: readonly string[]
  /** `ENOTFOUND`, `EAI_AGAIN`, `ECONNREFUSED`, `ETIMEDOUT`, …; absent: all well. */
  readonly code?: string
  /** What came back for `say`, at most 16 KiB of it. */
  readonly heard?: string
}

const mostHeard = 16_384

/** Resolves the host as any program here would, and connects. Never throws. */
export async function knock(door: Door, timeoutMs: number): Promise<Knock> {
  const found = await resolveHost(door.host, timeoutMs)
  const [address] = found.addresses
  if (address === undefined)
    return { isOpen: false, addresses: [], code: found.code ?? 'ENOTFOUND' }
  return { addresses: found.addresses, ...(await connectTo(address, door, timeoutMs)) }
}

interface Resolved {
  readonly addresses: readonly string[]
  readonly code?: string
}

function resolveHost(host: string, timeoutMs: number): Promise<Resolved> {
  const { promise, resolve } = Promise.withResolvers<Resolved>()
  // Where no name server answers, a look-up takes longer than anyone waits.
  const patience = setTimeout(() => resolve({ addresses: [], code: 'EAI_AGAIN' }), timeoutMs)
  lookup(host.replace(/^\[(.*)\]$/, '$1'), { all: true }, (error, list) =>
    resolve(
      error
        ? { addresses: [], code: error.code ?? 'ENOTFOUND' }
        : { addresses: list.map(({ address }) => address) },
    ),
  )
  return promise.finally(() => clearTimeout(patience))
}

type Outcome = Pick<Knock, 'isOpen' | 'code' | 'heard'>

function connectTo(host: string, { port, say }: Door, timeoutMs: number): Promise<Outcome> {
  const { promise, resolve } = Promise.withResolvers<Outcome>()
  const socket = createConnection({ host, port })
  let isOpen = false
  let heard = ''
  const end = (code?: string) =>
    resolve({ isOpen, ...(code !== undefined && { code }), ...(say !== undefined && { heard }) })
  const patience = setTimeout(() => end(isOpen ? undefined : 'ETIMEDOUT'), timeoutMs)
  socket.setEncoding('utf8')
  socket.on('connect', () => {
    isOpen = true
    if (say === undefined) end()
    else socket.write(say)
  })
  socket.on('data', (text: string) => {
    heard = (heard + text).slice(0, mostHeard)
    if (heard.length === mostHeard) end()
  })
  socket.on('close', () => end())
  socket.on('error', (error) => end('code' in error ? String(error.code) : 'UNKNOWN'))
  return promise.finally(() => {
    clearTimeout(patience)
    socket.destroy()
  })
}
