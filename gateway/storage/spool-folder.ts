import { randomBytes } from 'node:crypto'
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { lifeOf, ownMark, readMark } from './process-mark.ts'

const markFile = 'owner.json'
const prefix = 'worker-'
/** Of an owner that cannot be asked, on another host for instance: so long without a beat is dead. */
const silentMs = 60_000

/** Makes this worker's folder below the spool folder, marked as its own from the first moment. */
export async function createSpoolFolder(spoolDir: string): Promise<string> {
  const name = `${prefix}${process.pid}-${randomBytes(4).toString('hex')}`
  const unmarked = path.join(spoolDir, `.${name}`)
  const folder = path.join(spoolDir, name)
  await mkdir(unmarked, { recursive: true, mode: 0o700 })
  await writeFile(path.join(unmarked, markFile), JSON.stringify(ownMark()))
  await rename(unmarked, folder)
  return folder
}

/** Shows that the owner lives; throws where the folder is gone. */
export async function beat(folder: string): Promise<void> {
  const now = new Date()
  await utimes(path.join(folder, markFile), now, now)
}

/** Moves the segments that dead workers left behind into this folder; gives their paths. */
export async function adoptSegments(spoolDir: string, folder: string): Promise<readonly string[]> {
  const names = await readdir(spoolDir)
  const others = names.filter((name) => name.startsWith(prefix) && name !== path.basename(folder))
  for (const name of others) {
    if (await isAbandoned(path.join(spoolDir, name))) await claim(path.join(spoolDir, name), folder)
  }
  return flatten(folder)
}

/** Leaves the folder to whoever starts next. */
export async function releaseSpoolFolder(folder: string): Promise<void> {
  await rm(path.join(folder, markFile), { force: true })
}

/** Removes the folder of a worker that leaves nothing behind. */
export async function removeSpoolFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true })
}

async function isAbandoned(folder: string): Promise<boolean> {
  const file = path.join(folder, markFile)
  const [text, times] = await Promise.all([
    readFile(file, 'utf8').catch(() => ''),
    stat(file).catch(() => undefined),
  ])
  const mark = readMark(text)
  const life = mark ? lifeOf(mark) : 'unknown'
  if (life !== 'unknown') return life === 'dead'
  return times === undefined || Date.now() - times.mtimeMs > silentMs
}

// A rename succeeds for one claimant only.
async function claim(abandoned: string, folder: string): Promise<void> {
  await rename(abandoned, path.join(folder, path.basename(abandoned))).catch(() => undefined)
}

// Also what an earlier claimant had not sorted out before it died.
async function flatten(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const found: string[] = []
  for (const entry of entries) {
    if (!entry.name.endsWith('.jsonl') || entry.parentPath === folder) continue
    const target = path.join(folder, `${path.basename(entry.parentPath)}.${entry.name.slice(-40)}`)
    await rename(path.join(entry.parentPath, entry.name), target)
    found.push(target)
  }
  const folders = entries.filter((entry) => entry.isDirectory() && entry.parentPath === folder)
  for (const entry of folders)
    await rm(path.join(folder, entry.name), { recursive: true, force: true })
  return found
}
