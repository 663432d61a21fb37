import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const lookEveryMs = 400

/** Calls back after module files, platform.yaml or .env have changed and come to rest, until aborted. */
export async function watchSources(
  root: string,
  signal: AbortSignal,
  onChange: () => Promise<void>,
): Promise<void> {
  let known = signatureOf(root)
  let last = known
  await repeat(lookEveryMs, signal, async () => {
    const now = signatureOf(root)
    // Twice the same: no editor is half way through its writing.
    if (now === last && now !== known) {
      known = now
      await onChange()
    }
    last = now
  })
}

/** Does something over and over, with pauses between, until aborted. */
export async function repeat(
  pauseMs: number,
  signal: AbortSignal,
  action: () => Promise<void>,
): Promise<void> {
  while (!signal.aborted) {
    await sleep(pauseMs, undefined, { signal }).catch(() => undefined)
    if (!signal.aborted) await action()
  }
}

function signatureOf(root: string): string {
  const folder = join(root, 'modules')
  const modules = existsSync(folder)
    ? readdirSync(folder).filter((name) => /\.ya?ml$/.test(name))
    : []
  const files = [
    ...modules.map((name) => join(folder, name)),
    join(root, 'platform.yaml'),
    join(root, '.env'),
  ]
  return files.map((file) => `${file} ${stampOf(file)}`).join('\n')
}

function stampOf(file: string): string {
  const stat = statSync(file, { throwIfNoEntry: false })
  return stat === undefined ? 'none' : `${stat.mtimeMs} ${stat.size} ${stat.ino}`
}
