import { spawn } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { enableCompileCache, flushCompileCache } from 'node:module'
import { constants, setPriority } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const folderIn = (root: string) => join(root, '.colonnade', 'compile-cache')
const markIn = (root: string) => join(folderIn(root), `complete-${process.version}`)

/** Folder of what Node has read and compiled before; undefined until it holds everything. */
export function findCompiled(root: string): string | undefined {
  return existsSync(markIn(root)) ? folderIn(root) : undefined
}

/** Compiles everything a start needs, for the next one, in a process that stands behind all others. */
export function readAhead(root: string): { end(): void } {
  // Many processes that each write all of it at their end would make the first end slow.
  if (findCompiled(root) !== undefined) return { end: () => undefined }
  const code = `const { compile } = await import(${JSON.stringify(import.meta.url)}); await compile(${JSON.stringify(root)})`
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: 'ignore' })
  child.on('error', () => undefined)
  child.unref()
  if (child.pid !== undefined) lower(child.pid)
  return { end: () => void child.kill('SIGKILL') }
}

/** What that process does.
 * @public it is called by its text alone */
export async function compile(root: string): Promise<void> {
  enableCompileCache(folderIn(root))
  for (const file of ['gateway/work.ts', 'scripts/local/main.ts'])
    await import(pathToFileURL(join(root, file)).href)
  flushCompileCache()
  writeFileSync(markIn(root), '')
  process.exit()
}

function lower(pid: number): void {
  try {
    setPriority(pid, constants.priority.PRIORITY_LOW)
  } catch {
    // Gone already.
  }
}
