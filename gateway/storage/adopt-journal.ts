import { open, readdir, readFile, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { journalSuffix } from './journal-segment.ts'
import { readJournal } from './read-journal.ts'

/** What the files are called that say what a dead process owes the ledger. */
export const settlementSuffix = '.settlement.json'

/** What became of the journal of a dead process. */
export interface AdoptedJournal {
  /** File of its rows, one a line; absent: it had none. */
  readonly rows?: string
  readonly killed: number
  readonly unreadable: number
}

/**
 * Turns the journal that a dead process left in a folder into a file of rows and a settlement, both in `into`, and
 * removes it. Interrupted anywhere, it may be done again: what is written twice is the same. Undefined: there is none.
 */
export async function adoptJournal(
  folder: string,
  into: string,
): Promise<AdoptedJournal | undefined> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(journalSuffix)).toSorted()
  if (names.length === 0) return undefined
  const files = names.map((name) => path.join(folder, name))
  const texts = await Promise.all(files.map((file) => readFile(file, 'utf8')))
  const remains = readJournal(texts)
  const name = path.join(into, path.basename(folder))
  let rows: string | undefined
  if (remains) {
    const { owner, windows } = remains
    if (remains.rows.length > 0) {
      rows = `${name}.journal.jsonl`
      await writeDurably(rows, `${remains.rows.join('\n')}\n`)
    }
    await writeDurably(`${name}${settlementSuffix}`, JSON.stringify({ owner, windows }))
  }
  await Promise.all(files.map((file) => rm(file, { force: true })))
  const { killed = 0, unreadable = 0 } = remains ?? {}
  return { ...(rows !== undefined && { rows }), killed, unreadable }
}

async function writeDurably(file: string, text: string): Promise<void> {
  const unfinished = `${file}.part`
  const handle = await open(unfinished, 'w', 0o600)
  try {
    await handle.writeFile(text)
    await handle.sync()
  } finally {
    await handle.close()
  }
  await rename(unfinished, file)
}
