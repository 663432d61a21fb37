import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'
import { codeOf, logFileOf } from './surroundings.ts'

const readyWithinMs = 60_000

/** A server that is starting. */
export interface StartingServer {
  readonly dataDir: string
  readonly port: number
  readonly superuserPassword: string
}

/** Waits until the server lets us in, or is on its way out; throws a sentence where it never will let us. */
export async function untilReady(
  server: StartingServer,
  isGone: () => boolean,
): Promise<'ready' | 'stopping' | 'gone'> {
  const deadline = Date.now() + readyWithinMs
  while (Date.now() < deadline) {
    const problem = await tryConnection(server)
    // Another server may hold the port: whoever answered was not ours then.
    if (isGone()) return 'gone'
    if (problem === undefined) return 'ready'
    if (problem.code === '28P01') throw new Error(wrongPassword(server.dataDir))
    if (problem.code === '57P03' && problem.message.includes('shutting down')) return 'stopping'
    await sleep(30)
  }
  throw new Error(
    `Postgres does not answer on port ${server.port}. Its log: ${logFileOf(server.dataDir)}`,
  )
}

interface Problem {
  readonly code: string | undefined
  readonly message: string
}

async function tryConnection(server: StartingServer): Promise<Problem | undefined> {
  const client = new Client({
    host: '127.0.0.1',
    port: server.port,
    user: 'postgres',
    password: server.superuserPassword,
    database: 'postgres',
    connectionTimeoutMillis: 3000,
  })
  client.on('error', () => undefined)
  try {
    await client.connect()
    return undefined
  } catch (error) {
    return { code: codeOf(error), message: error instanceof Error ? error.message : '' }
  } finally {
    await client.end().catch(() => undefined)
  }
}

function wrongPassword(dataDir: string): string {
  return (
    `The Postgres data folder ${dataDir} was made with another password than POSTGRES_PASSWORD has now. ` +
    'Put the old password back, or move the folder away to begin an empty one. Nothing was deleted.'
  )
}

/** Why a server that was started is gone, from its log. */
export function whyItEnded({ dataDir, port }: StartingServer): string {
  const lines = readFileSync(logFileOf(dataDir), 'utf8').trimEnd().split('\n')
  const isPortTaken = lines.some((line) => line.includes('Address already in use'))
  if (isPortTaken) return `Port ${port} is in use by another program: Postgres cannot listen there.`
  return `Postgres ended at once. Its last words (${logFileOf(dataDir)}):\n${lines.slice(-8).join('\n')}`
}
