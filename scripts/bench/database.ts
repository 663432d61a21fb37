import { randomBytes } from 'node:crypto'
import { startPostgres } from '../embedded-postgres.ts'
import { pin } from './cores.ts'
import { findFreePort } from '../local/ports.ts'

export interface BenchDatabase {
  readonly url: string
  readonly stop: () => Promise<void>
}

/** A Postgres for one run of the bench, kept away from the subject's core. */
export async function startDatabase(
  dataDir: string,
  core: string | undefined,
): Promise<BenchDatabase> {
  const password = randomBytes(18).toString('base64url')
  const port = await findFreePort()
  const postgres = await startPostgres({ dataDir, port, superuserPassword: password })
  pin(postgres.pid, core)
  return {
    url: `postgres://postgres:${password}@127.0.0.1:${postgres.port}/postgres`,
    stop: () => postgres.stop(),
  }
}
