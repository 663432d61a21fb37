import { createHash } from 'node:crypto'
import type { Pool } from 'pg'
import { timed } from './transaction.ts'

/** A generated image, kept for a bounded time. */
export interface ImageFile {
  readonly bytes: Uint8Array
  readonly contentType: string
}

const timeoutMs = 5000

/** Stores an image under its id until the time to live is over, by the server's clock. */
export async function addImageFile(
  pool: Pool,
  id: string,
  image: ImageFile,
  ttlMs: number,
): Promise<void> {
  await pool.query(
    timed(
      `insert into colonnade.image_files (id_hash, content_type, bytes, expires_at)
       values ($1, $2, $3, now() + $4 * interval '1 millisecond')`,
      [hashOf(id), image.contentType, Buffer.from(image.bytes), ttlMs],
      timeoutMs,
    ),
  )
}

/** The image of this id, unless it has expired. */
export async function findImageFile(pool: Pool, id: string): Promise<ImageFile | undefined> {
  const { rows } = await pool.query<{ bytes: Buffer; content_type: string }>(
    timed(
      'select bytes, content_type from colonnade.image_files where id_hash = $1 and expires_at > now()',
      [hashOf(id)],
      timeoutMs,
    ),
  )
  const [row] = rows
  return row && { bytes: row.bytes, contentType: row.content_type }
}

/** Deletes images whose time is over, some hundred at once. */
export async function removeExpiredImageFiles(pool: Pool): Promise<void> {
  await pool.query(
    timed(
      `delete from colonnade.image_files where id_hash in
         (select id_hash from colonnade.image_files where expires_at <= now() limit 500 for update skip locked)`,
      [],
      timeoutMs,
    ),
  )
}

// Whoever reads the table cannot ask for the images by it.
function hashOf(id: string): Buffer {
  return createHash('sha256').update(id).digest()
}
