import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readFile, rename, rm, rmdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { codeOf, surroundings } from './surroundings.ts'
import { commandFor, giveToOwner, type PostgresUser } from './user.ts'

/** Makes the data where there are none; throws where those that are there are not ours to open. */
export async function createCluster(
  user: PostgresUser,
  password: string,
  log: (line: string) => void,
) {
  const { dataDir, binaries } = user
  const version = await readVersion(dataDir)
  if (version !== undefined) {
    checkVersion(dataDir, version.trim(), binaries.majorVersion)
    return giveToOwner(user, dataDir)
  }
  await removeEmpty(dataDir)
  log(`Making a new Postgres data folder: ${dataDir}`)
  // Made beside its place and moved there whole: a half-made one is never opened.
  const fresh = `${dataDir}.new`
  const passwordFile = `${dataDir}.password`
  try {
    await rm(fresh, { recursive: true, force: true })
    await mkdir(fresh, { mode: 0o700 })
    await rm(passwordFile, { force: true })
    await writeFile(passwordFile, `${password}\n`, { mode: 0o600 })
    await Promise.all([giveToOwner(user, fresh), giveToOwner(user, passwordFile)])
    await runInitdb(user, fresh, passwordFile)
    await rename(fresh, dataDir)
  } finally {
    await rm(passwordFile, { force: true })
  }
}

async function readVersion(dataDir: string): Promise<string | undefined> {
  try {
    return await readFile(path.join(dataDir, 'PG_VERSION'), 'utf8')
  } catch (cause) {
    if (codeOf(cause) !== 'EACCES') return undefined
    throw new Error(
      `The Postgres data folder ${dataDir} belongs to another user: was it made with sudo? ` +
        'Start as that user, or make the folder your own with chown -R. Nothing was deleted.',
      { cause },
    )
  }
}

function checkVersion(dataDir: string, found: string, wanted: string): void {
  if (found === wanted) return
  throw new Error(
    `The data folder ${dataDir} belongs to Postgres ${found}, and this is Postgres ${wanted}. ` +
      'Move the folder away to begin an empty one, or set DATABASE_URL to a Postgres of your own. Nothing was deleted.',
  )
}

async function removeEmpty(folder: string): Promise<void> {
  await rmdir(folder).catch((cause: unknown) => {
    if (codeOf(cause) === 'ENOENT') return
    throw new Error(
      `${folder} is neither empty nor a Postgres data folder that can be read. Move it away. Nothing was deleted.`,
      { cause },
    )
  })
}

async function runInitdb(user: PostgresUser, folder: string, passwordFile: string): Promise<void> {
  const { file, args, identity } = commandFor(user, user.binaries.initdb, [
    `--pgdata=${folder}`,
    '--username=postgres',
    `--pwfile=${passwordFile}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    '--locale=C',
  ])
  const child = spawn(file, args, {
    ...identity,
    ...surroundings,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const said: Buffer[] = []
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (bytes: Buffer) => said.push(bytes))
  const [status] = await once(child, 'close')
  if (status !== 0) {
    throw new Error(
      `Postgres could not make its data folder ${folder}:\n${Buffer.concat(said).toString().trim()}`,
    )
  }
}
