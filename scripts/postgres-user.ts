import { createHash } from 'node:crypto'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { chown, cp, lstat, mkdir, readdir, rename, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import { binariesIn, type PostgresBinaries } from './postgres-binaries.ts'

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

export interface Owner {
  readonly uid: number
  readonly gid: number
}

/** Where data and copied programs go when nobody but root may enter the folder asked for. */
const sharedFolder = '/var/lib/colonnade'

/** Postgres refuses to run as root: finds the user it can run as, and readies the data folder for it. */
export async function choosePostgresUser(
  binaries: PostgresBinaries,
  dataDir: string,
): Promise<PostgresUser> {
  await mkdir(path.dirname(dataDir), { recursive: true })
  if (process.getuid?.() !== 0) return { binaries, dataDir, prefix: [] }
  const users = systemUsers()
  for (const user of await waysInPlace(binaries, dataDir, users)) {
    if (await works(user)) return user
  }
  return elsewhere(binaries, dataDir, users)
}

/** The command line that runs a program as this user. */
export function commandFor(user: PostgresUser, program: string, args: readonly string[]) {
  const [file = program, ...rest] = [...user.prefix, program, ...args]
  return { file, args: rest, identity: user.runAs ?? {} }
}

/** Gives a folder and all in it to the user's owner. */
export async function giveToOwner(user: PostgresUser, folder: string): Promise<void> {
  if (user.owner === undefined) return
  const { uid, gid } = user.owner
  const top = await lstat(folder)
  if (top.uid === uid) return
  await chown(folder, uid, gid)
  if (!top.isDirectory()) return
  const inside = await readdir(folder, { recursive: true, withFileTypes: true })
  for (const entry of inside) {
    if (!entry.isSymbolicLink()) await chown(path.join(entry.parentPath, entry.name), uid, gid)
  }
}

// In order of preference: the folder's own user, then a namespace in which root is somebody else.
async function waysInPlace(binaries: PostgresBinaries, dataDir: string, users: readonly Owner[]) {
  const folder = await stat(path.dirname(dataDir))
  const folderUser = users.find((user) => user.uid === folder.uid)
  const ways: PostgresUser[] = []
  if (folderUser) ways.push({ binaries, dataDir, prefix: [], owner: folderUser, runAs: folderUser })
  const mapped = users[0]
  if (mapped && process.platform === 'linux') {
    const prefix = [
      'unshare',
      '--user',
      `--map-user=${mapped.uid}`,
      `--map-group=${mapped.gid}`,
      '--',
    ]
    ways.push({ binaries, dataDir, prefix, owner: { uid: 0, gid: 0 } })
  }
  return ways
}

async function elsewhere(binaries: PostgresBinaries, dataDir: string, users: readonly Owner[]) {
  const runAs = users[0]
  if (runAs) {
    const here: PostgresUser = { binaries, dataDir, prefix: [], owner: runAs, runAs }
    if (await works(here)) return here
    const key = createHash('sha256').update(dataDir).digest('hex').slice(0, 12)
    const moved = { ...here, dataDir: path.join(sharedFolder, key, path.basename(dataDir)) }
    await mkdir(path.dirname(moved.dataDir), { recursive: true })
    if (await works(moved)) return moved
    const copied = { ...moved, binaries: await copyBinaries(binaries) }
    if (await works(copied)) return copied
  }
  throw new Error(
    'Postgres refuses to run as root, and this machine lets root neither make a user namespace ' +
      `nor run programs as another user from ${sharedFolder}. ` +
      'Start as another user, or set DATABASE_URL to a Postgres of your own.',
  )
}

async function copyBinaries(binaries: PostgresBinaries): Promise<PostgresBinaries> {
  const folder = path.join(sharedFolder, `postgres-${binaries.version}`)
  const copy = binariesIn(folder, binaries.version)
  if (await stat(copy.postgres).catch(() => undefined)) return copy
  const unfinished = `${folder}.${process.pid}`
  await cp(binaries.folder, unfinished, { recursive: true, verbatimSymlinks: true })
  await rename(unfinished, folder).catch(() => rm(unfinished, { recursive: true, force: true }))
  return copy
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
