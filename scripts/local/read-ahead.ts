import { spawn } from 'node:child_process'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { enableCompileCache, flushCompileCache } from 'node:module'
import { constants, setPriority } from 'node:os'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'

const folderIn = (root: string) => join(root, '.colonnade', 'compile-cache')
const markIn = (root: string) => join(folderIn(root), `complete-${process.version}`)

/** Folder of what Node has read and compiled before; undefined until it holds everything, this program with it. */
export function findCompiled(root: string, program?: string): string | undefined {
  const compiled = readMark(root)
  if (compiled === undefined || (program !== undefined && compiled !== program)) return undefined
  return folderIn(root)
}

/** Compiles everything a start needs, for the next one, in a process that stands behind all others. */
export function readAhead(root: string, program: string): { end(): void } {
  // Many processes that each write all of it at their end would make the first end slow.
  if (findCompiled(root, program) !== undefined) return { end: () => undefined }
  const given = [root, program].map((path) => JSON.stringify(path)).join(', ')
  const code = `const { compile } = await import(${JSON.stringify(import.meta.url)}); await compile(${given})`
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: 'ignore' })
  child.on('error', () => undefined)
  child.unref()
  if (child.pid !== undefined) lower(child.pid)
  return { end: () => void child.kill('SIGKILL') }
}

/** What that process does.
 * @public it is called by its text alone */
export async function compile(root: string, program: string): Promise<void> {
  rmSync(folderIn(root), { recursive: true, force: true })
  enableCompileCache(folderIn(root))
  for (const file of [join(dirname(program), 'work.mjs'), join(root, 'scripts/local/main.ts')])
    await import(pathToFileURL(file).href)
  flushCompileCache()
  writeFileSync(markIn(root), program)
  process.exit()
}

function readMark(root: string): string | undefined {
  try {
    return readFileSync(markIn(root), 'utf8')
  } catch {
    return undefined
  }
}

function lower(pid: number): void {
  try {
    setPriority(pid, constants.priority.PRIORITY_LOW)
  } catch {
    // Gone already.
  }
}
