import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'

function read(file: string): string {
  return readFileSync(new URL(file, import.meta.url), 'utf8').replaceAll('\r\n', '\n')
}

/** What the container beside Postgres runs. */
export const scripts = { 'roles.sh': read('roles.sh'), 'roles.sql': read('roles.sql') } as const

/** Changes when a script does, which a running shell would not see. */
export const scriptsHash = createHash('sha256')
  .update(JSON.stringify(scripts))
  .digest('hex')
  .slice(0, 16)
