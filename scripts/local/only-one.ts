import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { lifeOf, ownMark, readMark } from '../../gateway/storage/process-mark.ts'
import { writeWhole } from './secret-files.ts'

/** Takes a state folder for this process; the id of the living one that has it already, where there is one. */
export function takeFolder(stateDir: string): { release(): void } | { readonly takenBy: number } {
  const file = join(stateDir, 'up.json')
  const mark = existsSync(file) ? readMark(readFileSync(file, 'utf8')) : undefined
  if (mark !== undefined && mark.pid !== process.pid && lifeOf(mark) === 'alive')
    return { takenBy: mark.pid }
  mkdirSync(stateDir, { recursive: true })
  writeWhole(file, JSON.stringify(ownMark()), 0o600)
  return { release: () => rmSync(file, { force: true }) }
}
