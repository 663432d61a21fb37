import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import {
  appendFile,
  chmod,
  cp,
  mkdir,
  mkdtemp,
  readFile,
  rename,
  rm,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { startPostgres } from '../../scripts/embedded-postgres.ts'
import { findPostgresBinaries } from '../../scripts/postgres/binaries.ts'
import { findFreePort } from './free-port.ts'

const cache = path.resolve(import.meta.dirname, '../../node_modules/.cache/colonnade')

// What survives the death of processes is all that tests need; the machine's own is not tried.
const settings = ['fsync = off', 'synchronous_commit = off', 'full_page_writes = off']

/**
 * Puts the data of a new Postgres at a place and gives its superuser's password. They are made once on a machine
 * and copied: making them takes a second of two cores.
 */
export async function copyCluster(dataDir: string): Promise<string> {
  const { version } = await findPostgresBinaries()
  const kept = path.join(cache, `test-postgres-${version}`)
  if (!existsSync(path.join(kept, 'password'))) await makeCluster(kept)
  await cp(path.join(kept, 'data'), dataDir, { recursive: true })
  await chmod(dataDir, 0o700)
  return readFile(path.join(kept, 'password'), 'utf8')
}

async function makeCluster(place: string): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), 'colonnade-cluster-'))
  const unfinished = `${place}.${path.basename(folder)}`
  try {
    const dataDir = path.join(folder, 'data')
    const superuserPassword = randomBytes(12).toString('hex')
    const server = await startPostgres({ dataDir, port: await findFreePort(), superuserPassword })
    await server.stop()
    await appendFile(path.join(dataDir, 'postgresql.conf'), `${settings.join('\n')}\n`)
    await mkdir(cache, { recursive: true })
    await cp(dataDir, path.join(unfinished, 'data'), { recursive: true })
    await writeFile(path.join(unfinished, 'password'), superuserPassword, { mode: 0o600 })
    // Another test process may have been faster.
    await rename(unfinished, place).catch(() => undefined)
  } finally {
    await rm(unfinished, { recursive: true, force: true })
    await rm(folder, { recursive: true, force: true })
  }
}
