import { execFileSync, spawnSync } from 'node:child_process'
import { appendFile, chmod, chown, mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { causeOf } from '../../../gateway/storage/connection-cause.ts'
import { readDatabaseUrl } from '../../../gateway/storage/database-url.ts'
import { openPool } from '../../../gateway/storage/open-pool.ts'
import { startPostgres, type EmbeddedPostgres } from '../../../scripts/embedded-postgres.ts'
import { findFreePort } from '../../doubles/free-port.ts'
import { until } from './set-up.ts'

const openssl = 'openssl'
const hasOpenssl = spawnSync(openssl, ['version']).status === 0

/** A certificate for `localhost`, signed by itself, where Postgres looks for one. */
async function createCertificate(dataDir: string): Promise<void> {
  const [key, certificate] = [path.join(dataDir, 'server.key'), path.join(dataDir, 'server.crt')]
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost']
  const form = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2']
  execFileSync(openssl, [...form, '-keyout', key, '-out', certificate, ...subject], {
    stdio: 'ignore',
  })
  await chmod(key, 0o600)
  const { uid, gid } = await stat(path.join(dataDir, 'PG_VERSION'))
  await Promise.all([key, certificate].map((file) => chown(file, uid, gid)))
}

describe.runIf(hasOpenssl)('to a server that takes nobody without TLS, a pool', () => {
  let folder = ''
  let server: EmbeddedPostgres

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'colonnade-tls-'))
    const dataDir = path.join(folder, 'data')
    const options = { dataDir, port: await findFreePort(), superuserPassword: 'a-password' }
    const plain = await startPostgres(options)
    await plain.stop()
    await createCertificate(dataDir)
    await appendFile(path.join(dataDir, 'postgresql.conf'), 'ssl = on\n')
    server = await startPostgres(options)
    // Only now: its own readiness is asked in plain.
    await writeFile(path.join(dataDir, 'pg_hba.conf'), 'hostssl all all all scram-sha-256\n')
    process.kill(server.pid, 'SIGHUP')
    await until(async () => (await outcome('localhost', '?sslmode=disable')) === 'login refused')
  })
  afterAll(async () => {
    await server.stop()
    await rm(folder, { recursive: true, force: true })
  })

  async function outcome(host: string, query: string): Promise<string> {
    const settings = query.replace('CA', path.join(folder, 'data', 'server.crt'))
    const url = `postgres://postgres:a-password@${host}:${server.port}/postgres${settings}`
    try {
      const pool = await openPool(readDatabaseUrl(url), 'test')
      const { rows } = await pool.query<{ ssl: boolean }>(
        'select ssl from pg_stat_ssl where pid = pg_backend_pid()',
      )
      await pool.end()
      return rows[0]?.ssl ? 'encrypted' : 'plain'
    } catch (error) {
      return causeOf(error).cause
    }
  }

  test.for([
    ['says nothing of TLS', 'localhost', '', 'encrypted'],
    ['asks for it', 'localhost', '?sslmode=require', 'encrypted'],
    ['trusts only known authorities', 'localhost', '?sslmode=verify-full', 'TLS'],
    ['knows the authority', 'localhost', '?sslmode=verify-full&sslrootcert=CA', 'encrypted'],
    ['finds another name', '127.0.0.1', '?sslmode=verify-full&sslrootcert=CA', 'TLS'],
    ['does not mind the name', '127.0.0.1', '?sslmode=verify-ca&sslrootcert=CA', 'encrypted'],
  ] as const)('whose URL %s', async ([, host, query, expected]) => {
    expect(await outcome(host, query)).toBe(expected)
  })
})
