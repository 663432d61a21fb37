import { randomUUID } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** What the environment says about this process; DESIGN §2.7 of the contract, read once. */
export interface Settings {
  readonly configFile: string
  readonly moduleName: string | undefined
  readonly host: string
  readonly port: number
  readonly publicUrl: string | undefined
  /** A path under which a proxy offers this gateway, beside the usual ones. */
  readonly rootPath: string | undefined
  readonly spoolDir: string
  readonly secretsDir: string
  /** Undefined: metrics are on the main port only. */
  readonly metricsPort: number | undefined
  readonly shutdownTimeoutMs: number
  /** How long a terminating process goes on serving, so that nobody is still sent to it. */
  readonly shutdownDelayMs: number
  readonly workers: number
  readonly logLevel: string
  /** Tells this process from another one that answers on the same port. */
  readonly instanceId: string
  /** End when the parent that holds our IPC channel is gone. */
  readonly isParentWatched: boolean
}

/** A start that cannot succeed: its message is for the terminal. */
export class StartError extends Error {}

const logLevels: Record<string, string> = {
  debug: 'debug',
  info: 'info',
  warning: 'warn',
  warn: 'warn',
  error: 'error',
  critical: 'fatal',
  silent: 'silent',
}

/** Reads the environment; throws StartError naming the variable, what was expected and found. */
export function readSettings(env: NodeJS.ProcessEnv): Settings {
  const text = (name: string): string | undefined => env[name]?.trim() || undefined
  const whole = (name: string, fallback: number, [min, max]: [number, number]): number => {
    const value = text(name)
    if (value === undefined) return fallback
    const number = Number(value)
    if (Number.isInteger(number) && number >= min && number <= max) return number
    throw new StartError(`${name}: expected a whole number from ${min} to ${max}, found "${value}"`)
  }
  const level = (text('LITELLM_LOG') ?? 'info').toLowerCase()
  if (!logLevels[level]) {
    throw new StartError(
      `LITELLM_LOG: expected one of DEBUG, INFO, WARNING, ERROR, found "${level}"`,
    )
  }
  const metricsPort =
    env['METRICS_PORT']?.trim() === '' ? 0 : whole('METRICS_PORT', 9090, [1, 65535])
  return {
    configFile: text('CONFIG_FILE') ?? '/etc/colonnade/config.yaml',
    moduleName: text('MODULE'),
    host: text('HOST') ?? '127.0.0.1',
    port: whole('PORT', 4000, [0, 65535]),
    publicUrl: text('PUBLIC_URL')?.replace(/\/+$/, ''),
    rootPath: rootPathOf(text('SERVER_ROOT_PATH')),
    spoolDir: text('SPOOL_DIR') ?? '/var/lib/colonnade/spool',
    secretsDir: text('SECRETS_DIR') ?? '/etc/colonnade/secrets',
    metricsPort: metricsPort || undefined,
    shutdownTimeoutMs: whole('SHUTDOWN_TIMEOUT_S', 600, [0, 86_400]) * 1000,
    shutdownDelayMs: whole('SHUTDOWN_DELAY_S', 5, [0, 600]) * 1000,
    workers: whole('NUM_WORKERS', 1, [1, 64]),
    logLevel: logLevels[level],
    instanceId: text('INSTANCE_ID') ?? randomUUID(),
    isParentWatched: text('PARENT_WATCH') === '1',
  }
}

/** `/llm`, however its slashes are written; undefined for the root itself. */
function rootPathOf(text: string | undefined): string | undefined {
  const path = `/${text?.replaceAll(/^\/+|\/+$/g, '') ?? ''}`
  if (path === '/') return undefined
  if (/^(?:\/[\w.~-]+)+$/.test(path)) return path
  throw new StartError(`SERVER_ROOT_PATH: expected a path such as /llm, found "${text}"`)
}

/** Looks a variable up: mounted secret file, then `NAME_FILE`, then the environment. Empty counts as missing. */
export type FindVariable = (name: string) => string | undefined

/** Looks in the secret files as they were read, then in `NAME_FILE`, then in the environment. */
export function createFindVariable(env: NodeJS.ProcessEnv, files: SecretFiles): FindVariable {
  return (name) => {
    const path = env[`${name}_FILE`]
    const value = files.get(name) ?? (path ? readTrimmed(path) : undefined) ?? env[name]
    return value === '' ? undefined : value
  }
}

/** Whether secrets are mounted at all, so that a missing one may still come. */
export function areSecretsMounted(secretsDir: string): boolean {
  return existsSync(secretsDir)
}

const longestSecret = 64 * 1024

export type SecretFiles = ReadonlyMap<string, string>

/** The mounted secrets as they are now, by name; empty where nothing is mounted. */
export function readSecretFiles(secretsDir: string): SecretFiles {
  const files = new Map<string, string>()
  if (!existsSync(secretsDir)) return files
  for (const name of readdirSync(secretsDir)) {
    const value = /^[A-Za-z_]\w*$/.test(name) ? readTrimmed(join(secretsDir, name)) : undefined
    if (value !== undefined) files.set(name, value)
  }
  return files
}

function readTrimmed(path: string): string | undefined {
  try {
    const stat = statSync(path)
    if (!stat.isFile() || stat.size > longestSecret) return undefined
    return readFileSync(path, 'utf8').trim() || undefined
  } catch {
    return undefined
  }
}
