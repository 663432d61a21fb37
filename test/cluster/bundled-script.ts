import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bundle } from '../../scripts/image/bundle.ts'

const root = dirname(dirname(import.meta.dirname))

/** A program of ours (a `file:` URL) with all it imports as one text, for a place that has neither. */
export async function bundledScript(url: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'colonnade-script-'))
  try {
    await bundle(root, folder, { script: fileURLToPath(url) })
    return readFileSync(join(folder, 'script.mjs'), 'utf8')
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
