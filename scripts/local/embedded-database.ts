import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isRunning } from '../../gateway/storage/process-mark.ts'
import { databasePasswordName } from '../../infra/env-file.ts'
import { startPostgres, type EmbeddedPostgres } from '../embedded-postgres.ts'
import { makeRoles } from './database-roles.ts'
import type { DatabaseOptions, LocalDatabase } from './database.ts'
import { endAfterParent, type Survivor } from './end-after-parent.ts'
import { findFreePort, findPortFault } from './ports.ts'
import { writeWhole } from './secret-files.ts'

/** The Postgres of a state folder, started by us, ended by us, and started again when it dies. */
export class EmbeddedDatabase implements LocalDatabase {
  readonly #options: DatabaseOptions
  #server: EmbeddedPostgres
  #survivor: Survivor

  private constructor(options: DatabaseOptions, server: EmbeddedPostgres) {
    this.#options = options
    this.#server = server
    this.#survivor = endAfterParent(server.pid)
  }

  static async start(options: DatabaseOptions): Promise<EmbeddedDatabase> {
    return new EmbeddedDatabase(options, await startServer(options))
  }

  get usageGoes(): string {
    return `Usage goes to the Postgres on 127.0.0.1:${this.#server.port}.`
  }

  urlFor(module: string): string {
    const user = encodeURIComponent(module)
    const password = encodeURIComponent(this.#passwordOf(module))
    return `postgres://${user}:${password}@127.0.0.1:${this.#server.port}/colonnade`
  }

  async admit(modules: readonly string[]): Promise<void> {
    const { root, findVariable } = this.#options
    await makeRoles({
      root,
      port: this.#server.port,
      superuserPassword: findVariable('POSTGRES_PASSWORD') ?? '',
      passwords: new Map(modules.map((module) => [module, this.#passwordOf(module)])),
    })
  }

  async heal(): Promise<boolean> {
    if (isRunning(this.#server.pid)) return false
    this.#options.say('Postgres has ended; starting it again. Usage is kept in files meanwhile.')
    this.#survivor.release()
    this.#server = await startServer(this.#options)
    this.#survivor = endAfterParent(this.#server.pid)
    this.#options.say('Postgres runs again')
    return true
  }

  async stop(): Promise<void> {
    await this.#server.stop()
    this.#survivor.release()
  }

  #passwordOf(module: string): string {
    return this.#options.findVariable(databasePasswordName(module)) ?? ''
  }
}

async function startServer({
  stateDir,
  findVariable,
  say,
}: DatabaseOptions): Promise<EmbeddedPostgres> {
  mkdirSync(stateDir, { recursive: true })
  return startPostgres({
    dataDir: join(stateDir, 'postgres'),
    port: await keptPort(join(stateDir, 'postgres.port')),
    superuserPassword: findVariable('POSTGRES_PASSWORD') ?? '',
    log: say,
  })
}

/** The port of the last start where it still is to be had. */
async function keptPort(file: string): Promise<number> {
  const kept = existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0
  // One in use may be that of this very Postgres, left running; it says itself which it has.
  const isUsable = Number.isInteger(kept) && kept > 0 && (await findPortFault(kept)) === undefined
  const port = isUsable ? kept : await findFreePort()
  writeWhole(file, `${port}\n`, 0o600)
  return port
}
