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

/** Waits until the server lets us in; throws a sentence where it never will. */
export async function untilReady(server: StartingServer, isGone: () => boolean): Promise<void> {
  const deadline = Date.now() + readyWithinMs
  for (;;) {
    if (isGone()) throw new Error(whyItEnded(server))
    const problem = await tryConnection(server)
    // Another server may hold the port: ours has ended then, and the next turn says so.
    if (problem === undefined && !isGone()) return
    if (problem === '28P01' && !isGone()) throw new Error(wrongPassword(server.dataDir))
    if (Date.now() > deadline) {
      throw new Error(
        `Postgres does not answer on port ${server.port}. Its log: ${logFileOf(server.dataDir)}`,
      )
    }
    await sleep(30)
  }
}

async function tryConnection(server: StartingServer): Promise<string | undefined> {
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
    return codeOf(error) ?? 'failed'
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

function whyItEnded({ dataDir, port }: StartingServer): string {
  const lines = readFileSync(logFileOf(dataDir), 'utf8').trimEnd().split('\n')
  const isPortTaken = lines.some((line) => line.includes('Address already in use'))
  if (isPortTaken) return `Port ${port} is in use by another program: Postgres cannot listen there.`
  return `Postgres ended at once. Its last words (${logFileOf(dataDir)}):\n${lines.slice(-8).join('\n')}`
}
