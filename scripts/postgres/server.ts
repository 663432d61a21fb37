import { spawn, type ChildProcess } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { isRunning } from '../../gateway/storage/process-mark.ts'
import { logFileOf, surroundings } from './surroundings.ts'
import { commandFor, type PostgresUser } from './user.ts'

const stopWithinMs = 20_000

/** Small enough for a laptop; everything safe stays on. */
const settings = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '100',
  shared_buffers: '32MB',
  max_wal_size: '256MB',
  wal_level: 'minimal',
  max_wal_senders: '0',
  jit: 'off',
  huge_pages: 'off',
  // A failed CREATE ROLE would otherwise put its password into the log.
  log_min_error_statement: 'panic',
  timezone: 'UTC',
  log_timezone: 'UTC',
}

/** Starts the server's process. Its log goes to a file: a pipe would break when we die before it. */
export function spawnServer(user: PostgresUser, port: number): ChildProcess {
  const flags = Object.entries({ ...settings, port: String(port) }).flatMap(([name, value]) => [
    '-c',
    `${name}=${value}`,
  ])
  const { file, args, identity } = commandFor(user, user.binaries.postgres, [
    '-D',
    user.dataDir,
    ...flags,
  ])
  const logFile = openSync(logFileOf(user.dataDir), 'w', 0o600)
  try {
    const server = spawn(file, args, {
      ...identity,
      ...surroundings,
      // A session of its own: Ctrl-C in the terminal does not reach it.
      detached: true,
      stdio: ['ignore', logFile, logFile],
    })
    // Said by the missing process id.
    server.on('error', () => undefined)
    return server
  } finally {
    closeSync(logFile)
  }
}

/** Ends the server: in good order if it can be had. */
export async function stopServer(pid: number, log: (line: string) => void): Promise<void> {
  // Fast: callers are disconnected, nothing is lost. Then immediate: the next start recovers.
  for (const signal of ['SIGINT', 'SIGQUIT', 'SIGKILL'] as const) {
    if (!isRunning(pid)) return
    process.kill(pid, signal)
    if (await hasEnded(pid)) return
    log(`Postgres (process ${pid}) does not stop on ${signal}`)
  }
}

/** Waits for a server that is on its way out. */
export async function hasEnded(pid: number): Promise<boolean> {
  const deadline = Date.now() + stopWithinMs
  while (isRunning(pid)) {
    if (Date.now() > deadline) return false
    await sleep(20)
  }
  return true
}
