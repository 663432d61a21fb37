import { readFileSync } from 'node:fs'

/** What a `DATABASE_URL` says: libpq's form, several hosts allowed, Prisma's extra settings ignored. */
export interface DatabaseAddress {
  readonly hosts: readonly { readonly host: string; readonly port: number }[]
  readonly user: string
  readonly password: string
  readonly database: string
  readonly tls: Tls
}

export interface Tls {
  /** `ask`: plain first, then what the server asks for. */
  readonly mode: 'off' | 'ask' | 'on'
  readonly isChainChecked: boolean
  readonly isHostChecked: boolean
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
}

/** A URL that cannot be read. Its message holds no part of the URL but names of settings. */
export class DatabaseUrlError extends Error {}

const form =
  /^postgres(?:ql)?:\/\/(?:(?<login>[^?]*)@)?(?<hosts>[^/@?]*)(?:\/(?<database>[^?]*))?(?:\?(?<query>.*))?$/s

/** Reads a database URL; throws DatabaseUrlError where it is none. */
export function readDatabaseUrl(url: string): DatabaseAddress {
  const parts = form.exec(url.trim())?.groups
  if (!parts) throw new DatabaseUrlError('expected postgres://user:password@host:5432/database')
  const [user = '', password = ''] = splitOnce(parts['login'] ?? '', ':').map(decode)
  const settings = new URLSearchParams(parts['query'] ?? '')
  const hosts = (settings.get('host') ?? parts['hosts'] ?? '').split(',')
  return {
    hosts: hosts.map((host) => readHost(host, settings.get('port'))),
    user: settings.get('user') ?? (user || 'postgres'),
    password: settings.get('password') ?? password,
    database: decode(parts['database'] ?? '') || user || 'postgres',
    tls: readTls(settings),
  }
}

/** `host:port`, for logs: never the user, never the password. */
export function placeOf(address: DatabaseAddress): string {
  return address.hosts.map(({ host, port }) => `${host}:${port}`).join(', ')
}

function readHost(text: string, defaultPort: string | null) {
  if (text.startsWith('/')) return { host: text, port: portOf(defaultPort) }
  const parts = /^(?:\[(?<address>[^\]]*)\]|(?<name>[^:]*))(?::(?<port>.*))?$/.exec(text)?.groups
  if (!parts)
    throw new DatabaseUrlError('the host is not readable; an IPv6 address stands in [brackets]')
  const host = decode(parts['address'] ?? parts['name'] ?? '') || 'localhost'
  return { host, port: portOf(parts['port'] ?? defaultPort) }
}

function portOf(text: string | null): number {
  const port = Number(text || 5432)
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port
  throw new DatabaseUrlError('the port is not a number from 1 to 65535')
}

function readTls(settings: URLSearchParams): Tls {
  const mode = settings.get('sslmode') ?? 'prefer'
  const ca = readPem(settings, 'sslrootcert')
  const cert = readPem(settings, 'sslcert')
  const key = readPem(settings, 'sslkey')
  const files = { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) }
  const unchecked = { isChainChecked: false, isHostChecked: false, ...files }
  switch (mode) {
    case 'disable':
      return { mode: 'off', ...unchecked }
    case 'allow':
    case 'prefer':
      return { mode: 'ask', ...unchecked }
    case 'no-verify':
      return { mode: 'on', ...unchecked }
    case 'require':
      // As libpq does: a root certificate that is given is also used.
      return { mode: 'on', ...unchecked, isChainChecked: ca !== undefined }
    case 'verify-ca':
      return { mode: 'on', ...files, isChainChecked: true, isHostChecked: false }
    case 'verify-full':
      return { mode: 'on', ...files, isChainChecked: true, isHostChecked: true }
    default:
      throw new DatabaseUrlError(
        'sslmode is none of disable, allow, prefer, require, verify-ca, verify-full, no-verify',
      )
  }
}

function readPem(settings: URLSearchParams, name: string): string | undefined {
  const file = settings.get(name)
  if (file === null || file === '' || file === 'system') return undefined
  try {
    return readFileSync(file, 'utf8')
  } catch {
    throw new DatabaseUrlError(`the file of ${name} cannot be read`)
  }
}

function splitOnce(text: string, separator: string): string[] {
  const index = text.indexOf(separator)
  return index < 0 ? [text] : [text.slice(0, index), text.slice(index + 1)]
}

// A password with a bare % in it is taken as it stands.
function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
