import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import type { ConnectionOptions } from 'node:tls'
import type { Pool, PoolConfig } from 'pg'
import { codeOf } from './error-code.ts'
import type { DatabaseAddress, Tls } from './database-url.ts'
import { timed } from './transaction.ts'

const connectTimeoutMs = 3000
/** No statement is waited for longer, whatever the server does. */
const queryTimeoutMs = 5000
const poolSize = 5

/** Opens a pool to the first of the hosts that lets us in; each name is looked up anew. */
export async function openPool(address: DatabaseAddress, applicationName: string): Promise<Pool> {
  const { user, password, database, tls } = address
  let failure: unknown
  for (const { host, port } of address.hosts) {
    const ips = await addressesOf(host).catch((error: unknown) => {
      failure = error
      return []
    })
    for (const ip of ips) {
      try {
        const config = {
          host: ip,
          port,
          user,
          password,
          database,
          application_name: applicationName,
        }
        return await openOne(config, tlsChoices(tls, host))
      } catch (error) {
        failure = error
      }
    }
  }
  throw failure
}

async function openOne(
  config: PoolConfig,
  tls: readonly (false | ConnectionOptions)[],
): Promise<Pool> {
  const [ssl = false, ...others] = tls
  const pool = await createPool({ ...config, ssl })
  try {
    await check(pool)
    return pool
  } catch (error) {
    void pool.end()
    if (others.length > 0 && asksForTls(error)) return openOne(config, others)
    throw error
  }
}

/** Whether the pool's server answers; throws when it does not within three seconds. */
export async function check(pool: Pool): Promise<void> {
  await pool.query(timed('select 1', [], connectTimeoutMs))
}

// Loaded where there is a database, when the gateway listens already.
async function createPool(config: PoolConfig): Promise<Pool> {
  const { Pool } = await import('pg')
  const pool = new Pool({
    ...config,
    max: poolSize,
    connectionTimeoutMillis: connectTimeoutMs,
    idleTimeoutMillis: 60_000,
    query_timeout: queryTimeoutMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
  })
  // Without listeners a connection that dies while idle or between two statements ends the process.
  pool.on('error', () => undefined)
  pool.on('connect', (client) => client.on('error', () => undefined))
  return pool
}

const lookups = new Map<string, Promise<readonly string[]>>()

// A look-up of a dead name server holds a thread of Node's for many seconds: never two of one name.
async function addressesOf(host: string): Promise<readonly string[]> {
  if (host.startsWith('/') || isIP(host)) return [host]
  let pending = lookups.get(host)
  if (!pending) {
    pending = lookup(host, { all: true }).then((found) => found.map(({ address }) => address))
    lookups.set(host, pending)
    const forget = () => void lookups.delete(host)
    pending.then(forget, forget)
  }
  return Promise.race([pending, noAnswer()])
}

function noAnswer(): Promise<never> {
  return new Promise((_, reject) => {
    const error = Object.assign(new Error('no answer from DNS'), { code: 'EAI_AGAIN' })
    setTimeout(reject, connectTimeoutMs, error).unref()
  })
}

function tlsChoices(tls: Tls, host: string): readonly (false | ConnectionOptions)[] {
  const { ca, cert, key } = tls
  const encrypted: ConnectionOptions = {
    rejectUnauthorized: tls.isChainChecked,
    ...(isIP(host) || host.startsWith('/') ? {} : { servername: host }),
    ...(tls.isHostChecked ? {} : { checkServerIdentity: () => undefined }),
    ...(ca && { ca }),
    ...(cert && { cert }),
    ...(key && { key }),
  }
  if (tls.mode === 'off') return [false]
  return tls.mode === 'on' ? [encrypted] : [false, encrypted]
}

function asksForTls(error: unknown): boolean {
  return (
    codeOf(error) === '28000' && error instanceof Error && /encryption|SSL|TLS/i.test(error.message)
  )
}
