import { createReadStream } from 'node:fs'
import { mkdir, open, unlink, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { randomUUID } from 'node:crypto'
import { Readable } from 'node:stream'

const memoryLimit = 1024 * 1024

/** An uploaded file kept until it is sent: small ones in memory, larger ones in a file that has no name any more. */
export class SpooledFile {
  length = 0
  #chunks: Buffer[] = []
  #file: FileHandle | undefined

  /** Takes the stream whole; `folder` holds what does not fit into memory. */
  static async of(stream: AsyncIterable<Buffer>, folder: string): Promise<SpooledFile> {
    const spooled = new SpooledFile()
    try {
      for await (const chunk of stream) await spooled.#add(Buffer.from(chunk), folder)
    } catch (thrown) {
      spooled.discard()
      throw thrown
    }
    return spooled
  }

  /** Bytes that are in memory already. */
  static holding(bytes: Uint8Array): SpooledFile {
    const spooled = new SpooledFile()
    spooled.#chunks.push(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))
    spooled.length = bytes.byteLength
    return spooled
  }

  /** The bytes, from the beginning; may be asked for again. */
  read(): Readable {
    if (!this.#file) return Readable.from(this.#chunks)
    // autoClose off: a second reading needs the descriptor again.
    return createReadStream('', { fd: this.#file, start: 0, autoClose: false, emitClose: false })
  }

  discard(): void {
    this.#chunks = []
    void this.#file?.close().catch(() => undefined)
    this.#file = undefined
  }

  async #add(chunk: Buffer, folder: string): Promise<void> {
    this.length += chunk.length
    if (!this.#file && this.length <= memoryLimit) {
      this.#chunks.push(chunk)
      return
    }
    if (!this.#file) {
      this.#file = await createNameless(folder)
      for (const held of this.#chunks) await this.#file.write(held)
      this.#chunks = []
    }
    await this.#file.write(chunk)
  }
}

// Unlinked at once: whatever happens to the process, nothing stays on the disk.
async function createNameless(folder: string): Promise<FileHandle> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const path = join(folder, randomUUID())
  const file = await open(path, 'wx+', 0o600)
  await unlink(path)
  return file
}
