import { open, readFile, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import type { AdoptedJournal } from './adopt-journal.ts'
import type { Settlements } from './settlements.ts'
import {
  adoptFolders,
  beat,
  createSpoolFolder,
  releaseSpoolFolder,
  removeSpoolFolder,
} from './spool-folder.ts'

/** A file of rows, one JSON document a line. */
export interface Segment {
  readonly path: string
  rows: number
  bytes: number
}

/** The spool has reached its bound. */
export class SpoolFullError extends Error {}

const segmentBytes = 1024 * 1024

/** Rows on disk while Postgres is away: append-only segments in a folder of this worker's own. */
export class Spool {
  readonly #spoolDir: string
  readonly #maxBytes: number
  #folder: string | undefined
  #segments: Segment[] = []
  #current: Segment | undefined
  #number = 0
  /** What dead workers owe the ledger of counters. */
  readonly settlements: Settlements
  /** Lines that could not be read back: torn by a crash. */
  unreadableLines = 0

  constructor(spoolDir: string, maxBytes: number, settlements: Settlements) {
    this.#spoolDir = spoolDir
    this.#maxBytes = maxBytes
    this.settlements = settlements
  }

  get rows(): number {
    return this.#segments.reduce((sum, segment) => sum + segment.rows, 0)
  }

  get bytes(): number {
    return this.#segments.reduce((sum, segment) => sum + segment.bytes, 0)
  }

  get isEmpty(): boolean {
    return this.#segments.length === 0
  }

  /** Makes the folder, shows that its owner lives, and takes over what dead workers left. */
  async tend(): Promise<readonly AdoptedJournal[]> {
    const folder = await this.#ensureFolder()
    const { segments, journals } = await adoptFolders(this.#spoolDir, folder)
    for (const file of segments) {
      const text = await readFile(file, 'utf8')
      this.#segments.push({
        path: file,
        rows: text.split('\n').length - 1,
        bytes: Buffer.byteLength(text),
      })
    }
    await this.settlements.find(folder)
    for (const { unreadable } of journals) this.unreadableLines += unreadable
    return journals
  }

  /** Puts rows on disk, all or none; throws where the disk does not take them. */
  async append(lines: readonly string[]): Promise<void> {
    const text = `${lines.join('\n')}\n`
    const bytes = Buffer.byteLength(text)
    if (this.bytes + bytes > this.#maxBytes)
      throw new SpoolFullError(`the spool holds ${this.#maxBytes} bytes`)
    const segment = await this.#writable()
    await write(segment, text)
    segment.rows += lines.length
    segment.bytes += bytes
    if (!this.#segments.includes(segment)) this.#segments.push(segment)
  }

  /** The oldest segment; nothing is added to it any more. */
  takeOldest(): Segment | undefined {
    const [oldest] = this.#segments
    if (oldest === this.#current) this.#current = undefined
    return oldest
  }

  /** The whole lines of a segment. */
  async read(segment: Segment): Promise<readonly string[]> {
    const lines = (await readFile(segment.path, 'utf8')).split('\n').filter((line) => line !== '')
    const whole = lines.filter(isWhole)
    this.unreadableLines += lines.length - whole.length
    return whole
  }

  /** Deletes a segment whose rows are stored. */
  async remove(segment: Segment): Promise<void> {
    await rm(segment.path, { force: true })
    this.#segments = this.#segments.filter((other) => other !== segment)
  }

  /** Leaves rows for a successor; without any, no trace. */
  async close(): Promise<void> {
    if (this.#folder === undefined) return
    const isDone = this.isEmpty && this.settlements.isEmpty
    await (isDone ? removeSpoolFolder(this.#folder) : releaseSpoolFolder(this.#folder))
  }

  async #writable(): Promise<Segment> {
    const folder = await this.#ensureFolder()
    if (this.#current && this.#current.bytes < segmentBytes) return this.#current
    this.#number += 1
    const name = `${String(this.#number).padStart(8, '0')}.jsonl`
    this.#current = { path: path.join(folder, name), rows: 0, bytes: 0 }
    return this.#current
  }

  // The folder may have been taken away: by someone tidying, or by another host that thought us dead.
  async #ensureFolder(): Promise<string> {
    if (this.#folder !== undefined) {
      const isThere = await beat(this.#folder).then(
        () => true,
        () => false,
      )
      if (isThere) return this.#folder
      this.#segments = await existing(this.#segments)
      this.#current = undefined
    }
    this.#folder = createSpoolFolder(this.#spoolDir)
    return this.#folder
  }
}

async function write(segment: Segment, text: string): Promise<void> {
  const file = await open(segment.path, 'a', 0o600)
  try {
    await file.appendFile(text)
    await file.datasync()
  } catch (error) {
    // Half a write, on a full disk, is taken back: the rows are still in memory.
    await file.truncate(segment.bytes).catch(() => undefined)
    throw error
  } finally {
    await file.close()
  }
}

async function existing(segments: readonly Segment[]): Promise<Segment[]> {
  const found = await Promise.all(
    segments.map((segment) => stat(segment.path).catch(() => undefined)),
  )
  return segments.filter((_, index) => found[index] !== undefined)
}

function isWhole(line: string): boolean {
  try {
    JSON.parse(line)
    return true
  } catch {
    return false
  }
}
