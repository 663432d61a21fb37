import { parseJson, textAt } from '../deploy/read-json.ts'
import type { ReadinessFacts } from './facts.ts'
import { optional } from '../../modules/optional.ts'

/** What is said to a gateway to hear how it is. */
export const readinessRequest =
  'GET /health/readiness HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n'

/** The body of an answer as it came over the wire. */
export function bodyOf(heard: string | undefined): string | undefined {
  const [, ...rest] = (heard ?? '').split('\r\n\r\n')
  return rest.length === 0 ? undefined : rest.join('\r\n\r\n')
}

/** What a gateway says of itself; undefined: it is not one. */
export function readReadiness(pod: string, body: string | undefined): ReadinessFacts | undefined {
  const value = parseJson(body)
  const status = textAt(value, 'status')
  if (status === undefined) return undefined
  return {
    pod,
    status,
    ...optional('db', textAt(value, 'db')),
    ...optional('dbCause', textAt(value, 'database', 'cause')),
    ...optional('dbHint', textAt(value, 'database', 'hint')),
    ...optional('reason', textAt(value, 'reason')),
    ...optional('configRefused', textAt(value, 'config_refused')),
  }
}
