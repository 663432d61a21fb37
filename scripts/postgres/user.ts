import { createHash } from 'node:crypto'
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { chmod, chown, cp, lstat, mkdir, readdir, rename, rm, rmdir, stat } from 'node:fs/promises'
import path from 'node:path'
import { binariesIn, type PostgresBinaries } from './binaries.ts'

/** How Postgres runs on this machine: which programs, as whom, and where its data lie. */
export interface PostgresUser {
  readonly binaries: PostgresBinaries
  readonly dataDir: string
  /** Owner of the data on disk; absent: whoever we are. */
  readonly owner?: Owner
  /** Put before each program: enters the user namespace. */
  readonly prefix: readonly string[]
  /** Another user the program is started as. */
  readonly runAs?: Owner
}

/** Where the programs and the data are to be found. */
export interface PostgresPlaces {
  readonly binaries: PostgresBinaries
  readonly dataDir: string
  /** Where data and copied programs go when nobody but root may enter the folder asked for. */
  readonly sharedFolder: string
}

interface Owner {
  readonly uid: number
  readonly gid: number
}

/** Postgres refuses to run as root: finds the user it can run as, and readies the data folder for it. */
export async function choosePostgresUser(places: PostgresPlaces): Promise<PostgresUser> {
  const { binaries, dataDir } = places
  await mkdir(path.dirname(dataDir), { recursive: true })
  if (process.getuid?.() !== 0) return { binaries, dataDir, prefix: [] }
  const users = systemUsers()
  const isElsewhere = !hasData(dataDir) && hasData(dataDirElsewhere(places))
  const chosen = isElsewhere ? { ...places, dataDir: dataDirElsewhere(places) } : places
  for (const user of await waysInPlace(chosen, users)) {
    if (await works(user)) return user
  }
  return elsewhere(places, users[0])
}

/** The command line that runs a program as this user. */
export function commandFor(user: PostgresUser, program: string, args: readonly string[]) {
  const [file = program, ...rest] = [...user.prefix, program, ...args]
  return { file, args: rest, identity: user.runAs ?? {} }
}

/** Gives a folder and all in it to the user's owner. */
export async function giveToOwner(user: PostgresUser, folder: string): Promise<void> {
  if (user.owner !== undefined) await giveTo(user.owner, folder)
}

async function giveTo({ uid, gid }: Owner, folder: string): Promise<void> {
  const top = await lstat(folder)
  if (top.uid === uid) return
  await chown(folder, uid, gid)
  if (!top.isDirectory()) return
  const inside = await readdir(folder, { recursive: true, withFileTypes: true })
  for (const entry of inside) {
    if (!entry.isSymbolicLink()) await chown(path.join(entry.parentPath, entry.name), uid, gid)
  }
}

// In order of preference: the user whose folder it stands in, then a namespace in which root is somebody else.
async function waysInPlace(
  { binaries, dataDir }: PostgresPlaces,
  users: readonly Owner[],
): Promise<readonly PostgresUser[]> {
  const owners = new Set(await ownersAbove(dataDir))
  const ways: PostgresUser[] = users
    .filter(({ uid }) => owners.has(uid))
    .map((user) => ({ binaries, dataDir, prefix: [], owner: user, runAs: user }))
  const [mapped] = users
  if (mapped === undefined || process.platform !== 'linux') return ways
  const mapping = [`--map-user=${mapped.uid}`, `--map-group=${mapped.gid}`]
  const prefix = ['unshare', '--user', ...mapping, '--']
  return [...ways, { binaries, dataDir, prefix, owner: { uid: 0, gid: 0 } }]
}

async function ownersAbove(folder: string): Promise<readonly number[]> {
  const above = path.dirname(folder)
  const { uid } = await stat(above)
  return above === folder ? [uid] : [uid, ...(await ownersAbove(above))]
}

async function elsewhere(places: PostgresPlaces, runAs: Owner | undefined): Promise<PostgresUser> {
  const { binaries, dataDir, sharedFolder } = places
  if (runAs) {
    const here: PostgresUser = { binaries, dataDir, prefix: [], owner: runAs, runAs }
    if (await works(here)) return here
    await leaveFolder(dataDir)
    const moved = { ...here, dataDir: dataDirElsewhere(places) }
    if (hasData(dataDir)) throw new Error(cannotReach(dataDir, moved.dataDir))
    for (const folder of [sharedFolder, path.dirname(moved.dataDir)]) await openFolder(folder)
    if (await works(moved)) return moved
    const copied = { ...moved, binaries: await copyBinaries(binaries, sharedFolder) }
    if (await works(copied)) return copied
  }
  throw new Error(
    'Postgres refuses to run as root, and this machine lets root neither make a user namespace ' +
      `nor run programs as another user from ${sharedFolder}. ` +
      'Start as another user, or set DATABASE_URL to a Postgres of your own.',
  )
}

function cannotReach(dataDir: string, moved: string): string {
  return (
    'Postgres refuses to run as root, and no other user may enter the folder of its data, ' +
    `${dataDir}. Move it to ${moved}, or start as another user. Nothing was deleted.`
  )
}

function dataDirElsewhere({ dataDir, sharedFolder }: PostgresPlaces): string {
  const key = createHash('sha256').update(dataDir).digest('hex').slice(0, 12)
  return path.join(sharedFolder, key, path.basename(dataDir))
}

function hasData(dataDir: string): boolean {
  return existsSync(path.join(dataDir, 'PG_VERSION'))
}

// What trying has changed is undone: an empty folder goes, a full one is root's again.
async function leaveFolder(dataDir: string): Promise<void> {
  if (hasData(dataDir)) await giveTo({ uid: 0, gid: 0 }, dataDir)
  else await rmdir(dataDir).catch(() => undefined)
}

async function copyBinaries(
  binaries: PostgresBinaries,
  sharedFolder: string,
): Promise<PostgresBinaries> {
  const folder = path.join(sharedFolder, `postgres-${binaries.version}`)
  const copy = binariesIn(folder, binaries.version)
  if (await stat(copy.postgres).catch(() => undefined)) return copy
  const unfinished = `${folder}.${process.pid}`
  await cp(binaries.folder, unfinished, { recursive: true, verbatimSymlinks: true })
  for (const entry of await readdir(unfinished, { recursive: true, withFileTypes: true })) {
    if (entry.isDirectory()) await openFolder(path.join(entry.parentPath, entry.name))
    else if (entry.isFile()) await openToRead(path.join(entry.parentPath, entry.name))
  }
  await openFolder(unfinished)
  await rename(unfinished, folder).catch(() => rm(unfinished, { recursive: true, force: true }))
  return copy
}

// A strict umask, ours or npm's, would keep the other user out.
async function openFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true })
  await chmod(folder, 0o755)
}

async function openToRead(file: string): Promise<void> {
  const { mode } = await stat(file)
  await chmod(file, (mode & 0o100) === 0 ? 0o644 : 0o755)
}

/** Whether the programs can be run and the data folder be written as this user. */
async function works(user: PostgresUser): Promise<boolean> {
  await mkdir(user.dataDir, { recursive: true, mode: 0o700 })
  await giveToOwner(user, user.dataDir)
  const script = '"$1" --version && test -w "$2" && test -x "$2"'
  const args = ['-c', script, 'sh', user.binaries.postgres, user.dataDir]
  const command = commandFor(user, '/bin/sh', args)
  return (
    spawnSync(command.file, command.args, { ...command.identity, cwd: '/', stdio: 'ignore' })
      .status === 0
  )
}

// initdb looks its user up by number, so only users with a name will do.
function systemUsers(): readonly Owner[] {
  const preferred = ['postgres', 'nobody']
  return readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
    .map(([name = '', , uid, gid]) => ({ name, uid: Number(uid), gid: Number(gid) }))
    .filter((user) => user.uid > 0 && user.gid > 0)
    .sort((a, b) => rank(a.name) - rank(b.name))

  function rank(name: string) {
    return preferred.includes(name) ? preferred.indexOf(name) : preferred.length
  }
}
