import { randomBytes } from 'node:crypto'
import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { readdir, readFile, rename, rm, stat, utimes } from 'node:fs/promises'
import path from 'node:path'
import { adoptJournal, settlementSuffix, type AdoptedJournal } from './adopt-journal.ts'
import { lifeOf, ownMark, readMark } from './process-mark.ts'

const markFile = 'owner.json'
const prefix = 'worker-'
/** Of an owner that cannot be asked, on another host for instance: so long without a beat is dead. */
const silentMs = 60_000

/** Makes this worker's folder below the spool folder, marked as its own from the first moment. */
export function createSpoolFolder(spoolDir: string): string {
  const name = `${prefix}${process.pid}-${randomBytes(4).toString('hex')}`
  const unmarked = path.join(spoolDir, `.${name}`)
  const folder = path.join(spoolDir, name)
  mkdirSync(unmarked, { recursive: true, mode: 0o700 })
  markSpoolFolder(unmarked)
  renameSync(unmarked, folder)
  return folder
}

/** Marks a folder as this process's own. */
export function markSpoolFolder(folder: string): void {
  writeFileSync(path.join(folder, markFile), JSON.stringify(ownMark()))
}

/** Shows that the owner lives; throws where the folder is gone. */
export async function beat(folder: string): Promise<void> {
  const now = new Date()
  await utimes(path.join(folder, markFile), now, now)
}

/** What dead workers left: files of rows, and what was found in their journals. */
export interface Adopted {
  readonly segments: readonly string[]
  readonly journals: readonly AdoptedJournal[]
}

/**
 * Moves the segments that dead workers left behind into this folder, and turns their journals into segments and
 * settlements there.
 */
export async function adoptFolders(spoolDir: string, folder: string): Promise<Adopted> {
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
async function flatten(folder: string): Promise<Adopted> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const segments: string[] = []
  const journals: AdoptedJournal[] = []
  const move = async (from: string, name: string): Promise<string> => {
    const target = path.join(folder, name)
    await rename(from, target)
    return target
  }
  for (const { name, parentPath } of entries) {
    if (parentPath === folder) continue
    const from = path.join(parentPath, name)
    const newName = `${path.basename(parentPath)}.${name.slice(-60)}`
    if (name.endsWith('.jsonl')) segments.push(await move(from, newName))
    else if (name.endsWith(settlementSuffix)) await move(from, newName)
  }
  for (const entry of entries.filter((one) => one.isDirectory())) {
    const journal = await adoptJournal(path.join(entry.parentPath, entry.name), folder)
    if (!journal) continue
    journals.push(journal)
    if (journal.rows !== undefined) segments.push(journal.rows)
  }
  const folders = entries.filter((entry) => entry.isDirectory() && entry.parentPath === folder)
  for (const entry of folders)
    await rm(path.join(folder, entry.name), { recursive: true, force: true })
  return { segments, journals }
}
