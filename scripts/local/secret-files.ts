import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync } from 'node:fs'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Makes a folder hold exactly these values, a file each, for its owner alone. An empty value is no file. */
export function writeSecretFiles(folder: string, values: Readonly<Record<string, string>>): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  chmodSync(folder, 0o700)
  const wanted = new Map(Object.entries(values).filter(([, value]) => value !== ''))
  for (const [name, value] of wanted) writeWhole(join(folder, name), value, 0o600)
  for (const name of readdirSync(folder)) if (!wanted.has(name)) rmSync(join(folder, name))
}

/** Writes a file whole or not at all, and only where it changes; a reader never sees half of it. */
export function writeWhole(file: string, text: string, mode: number): void {
  if (existsSync(file) && readFileSync(file, 'utf8') === text) return chmodSync(file, mode)
  // The dot keeps a half-written one from being taken for a secret.
  const fresh = join(file, '..', `.new-${process.pid}`)
  writeFileSync(fresh, text, { mode })
  chmodSync(fresh, mode)
  renameSync(fresh, file)
}
