import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Client } from 'pg'

export interface RoleOptions {
  readonly root: string
  readonly port: number
  readonly superuserPassword: string
  /** Of each module's role. */
  readonly passwords: ReadonlyMap<string, string>
}

const connectionsPerModule = 20

/** Makes the fleet's database and a role for each module, as in a cluster; what is there already stays. */
export async function makeRoles(options: RoleOptions): Promise<void> {
  const client = new Client({
    host: '127.0.0.1',
    port: options.port,
    user: 'postgres',
    password: options.superuserPassword,
    database: 'postgres',
    connectionTimeoutMillis: 5_000,
  })
  client.on('error', () => undefined)
  await client.connect()
  try {
    await makeDatabase(client)
    await client.query(readFileSync(join(options.root, 'infra', 'postgres', 'roles.sql'), 'utf8'))
    for (const [module, password] of options.passwords) {
      const values = [module, password, connectionsPerModule]
      await client.query('SELECT pg_temp.ensure_role($1, $2, $3)', values)
    }
  } finally {
    await client.end()
  }
}

async function makeDatabase(client: Client): Promise<void> {
  const role = await client.query("SELECT FROM pg_roles WHERE rolname = 'colonnade'")
  if (role.rowCount === 0) await client.query('CREATE ROLE colonnade NOLOGIN')
  const database = await client.query("SELECT FROM pg_database WHERE datname = 'colonnade'")
  if (database.rowCount === 0) await client.query('CREATE DATABASE colonnade OWNER colonnade')
  await client.query('REVOKE CONNECT, TEMPORARY ON DATABASE colonnade FROM PUBLIC')
}
