import { DatabaseUrlError } from './database-url.ts'
import { codeOf } from './error-code.ts'
import { MigrationError } from './migrate.ts'

/** Why there is no connection, in plain words without any address. */
export interface Cause {
  readonly cause: string
  /** What to look at, or change. */
  readonly hint: string
}

const refused: Cause = {
  cause: 'connection refused',
  hint: 'The host is there, and nothing listens on that port: is Postgres running?',
}
const timedOut: Cause = {
  cause: 'timed out',
  hint: 'Nothing answers at that address: look at firewalls, network policies and the service in front of Postgres.',
}
const unknownName: Cause = {
  cause: 'DNS does not know the name',
  hint: 'Check the host in DATABASE_URL, and that the service of that name exists.',
}
const noRoute: Cause = {
  cause: 'no route to the host',
  hint: 'Check the host in DATABASE_URL and the network.',
}
const cut: Cause = {
  cause: 'connection cut',
  hint: 'Postgres or something in between ended the connection; it may be restarting.',
}
const starting: Cause = {
  cause: 'Postgres is starting or stopping',
  hint: 'It will be tried again.',
}
const wrongPassword: Cause = {
  cause: 'wrong password',
  hint: 'Postgres does not know this user and password: check DATABASE_URL, and whether the role was made.',
}
const readOnly: Cause = {
  cause: 'Postgres is read-only',
  hint: 'This is a standby: DATABASE_URL must lead to the primary.',
}
const tlsFault: Cause = {
  cause: 'TLS',
  hint: 'Check sslmode and sslrootcert in DATABASE_URL against the certificate of the server.',
}

const causes: Readonly<Record<string, Cause>> = {
  ENOTFOUND: unknownName,
  EAI_NODATA: unknownName,
  EAI_AGAIN: {
    cause: 'DNS does not answer',
    hint: 'The name server is away or cannot be reached; in a cluster look at the DNS pods first.',
  },
  ECONNREFUSED: refused,
  ENOENT: { cause: 'connection refused', hint: 'There is no such socket: is Postgres running?' },
  ETIMEDOUT: timedOut,
  EHOSTUNREACH: noRoute,
  ENETUNREACH: noRoute,
  ECONNRESET: cut,
  EPIPE: cut,
  '28P01': wrongPassword,
  '28000': {
    cause: 'login refused',
    hint: 'Postgres does not let this user in from here: check pg_hba.conf, the role, and sslmode in DATABASE_URL.',
  },
  '3D000': {
    cause: 'no such database',
    hint: 'Check the name after the last slash of DATABASE_URL.',
  },
  '42501': {
    cause: 'permission missing',
    hint: 'The role needs CREATE on the database, or on the schema colonnade where that exists.',
  },
  '53300': {
    cause: 'too many connections',
    hint: 'Raise max_connections or the connection limit of the role.',
  },
  '57P01': starting,
  '57P02': starting,
  '57P03': starting,
  '25006': readOnly,
}

/** Puts an error of connecting into words that an operator can act on. */
export function causeOf(error: unknown): Cause {
  if (error instanceof DatabaseUrlError)
    return { cause: 'DATABASE_URL is not usable', hint: error.message }
  if (error instanceof MigrationError) return migrationCause(error)
  const known = causes[codeOf(error) ?? '']
  if (known) return known
  const message = error instanceof Error ? error.message : ''
  if (/timeout|timed out/i.test(message)) return timedOut
  if (/ssl|tls|certificate|CERT_|altname/i.test(`${message} ${codeOf(error)}`)) return tlsFault
  if (/terminated|ended/i.test(message)) return cut
  return { cause: 'connection failed', hint: `Code ${codeOf(error) ?? 'unknown'}.` }
}

function migrationCause(error: MigrationError): Cause {
  const code = codeOf(error.cause)
  const isAccess = code !== undefined && code in causes
  return isAccess ? causeOf(error.cause) : { cause: 'migration failed', hint: error.message }
}
