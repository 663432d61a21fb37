import { spawn } from 'node:child_process'

/** Somebody who outlives us, to end a server that would. */
export interface Survivor {
  /** The server has been ended: nothing is left to do. */
  release(): void
}

// `read` comes back empty-handed when we are gone, however that came about. SIGTERM lets a Postgres
// finish with those that are still connected: gateways that flush.
const script = 'read word; [ "$word" = done ] || kill -TERM "$1"'

/** Ends the process of this id when we die without having done so. */
export function endAfterParent(pid: number): Survivor {
  if (process.platform === 'win32') return { release: () => undefined }
  const shell = spawn('/bin/sh', ['-c', script, 'sh', String(pid)], {
    cwd: '/',
    env: {},
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  shell.on('error', () => undefined)
  shell.stdin.on('error', () => undefined)
  shell.unref()
  return { release: () => void shell.stdin.end('done\n') }
}
