import { closeSync, ftruncateSync, openSync, rmSync, writeSync } from 'node:fs'
import path from 'node:path'

/** What the files of journals are called. */
export const journalSuffix = '.journal'

/** One file of a journal. What is written is in the hands of the system before `write` returns. */
export class JournalSegment {
  readonly path: string
  bytes = 0
  readonly #file: number
  #isTorn = false

  constructor(folder: string, number: number) {
    this.path = path.join(folder, `${String(number).padStart(8, '0')}${journalSuffix}`)
    this.#file = openSync(this.path, 'ax', 0o600)
  }

  /** Writes all of it or nothing; throws where the disk does not take it. */
  write(text: string): void {
    const bytes = Buffer.from(this.#isTorn ? `\n${text}` : text)
    try {
      for (let at = 0; at < bytes.length;) at += writeSync(this.#file, bytes, at)
      this.bytes += bytes.length
      this.#isTorn = false
    } catch (error) {
      this.#takeBack()
      throw error
    }
  }

  close(): void {
    closeSync(this.#file)
  }

  remove(): void {
    rmSync(this.path, { force: true })
  }

  // Half a write, on a full disk.
  #takeBack(): void {
    try {
      ftruncateSync(this.#file, this.bytes)
    } catch {
      this.#isTorn = true
    }
  }
}
