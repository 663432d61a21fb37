import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { banner } from './manifest-text.ts'

/** How a generated folder differs from what it should be. Paths are below the folder, in order. */
export interface Difference {
  readonly path: string
  /** The text on disk; absent: the file is missing. */
  readonly found?: string
  /** The text it should have; absent: the file should not be there. */
  readonly wanted?: string
}

/** Compares a folder with what it should hold. Files made by hand do not count. */
export function compareFolder(folder: string, files: ReadonlyMap<string, string>): Difference[] {
  const differences: Difference[] = []
  const found = readGenerated(folder)
  for (const [path, wanted] of files) {
    const text = found.get(path) ?? readIfThere(join(folder, path))
    if (text !== wanted)
      differences.push({ path, wanted, ...(text === undefined ? {} : { found: text }) })
  }
  for (const [path, text] of found) if (!files.has(path)) differences.push({ path, found: text })
  return differences.sort((left, right) => (left.path < right.path ? -1 : 1))
}

/** Makes a folder what it should be. */
export function applyDifferences(
  folder: string,
  differences: readonly Difference[],
  mode: { readonly file: number; readonly folder: number } = { file: 0o644, folder: 0o755 },
): void {
  for (const { path, wanted } of differences) {
    const file = join(folder, path)
    if (wanted === undefined) {
      rmSync(file)
      removeIfEmpty(dirname(file))
      continue
    }
    mkdirSync(dirname(file), { recursive: true, mode: mode.folder })
    writeFileSync(file, wanted, { mode: mode.file })
    // The mode above is for new files alone.
    if (mode.file === 0o600) chmodSync(file, mode.file)
  }
}

function readGenerated(folder: string): Map<string, string> {
  const texts = new Map<string, string>()
  if (!existsSync(folder)) return texts
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !entry.name.endsWith('.yaml')) continue
    const file = join(entry.parentPath, entry.name)
    const text = readFileSync(file, 'utf8')
    const path = file.slice(join(folder, '.').length + 1).replaceAll('\\', '/')
    if (text.startsWith(banner)) texts.set(path, text)
  }
  return texts
}

function readIfThere(file: string): string | undefined {
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined
}

function removeIfEmpty(folder: string): void {
  if (readdirSync(folder).length === 0) rmdirSync(folder)
}
