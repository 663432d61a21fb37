import type { FaultList } from './fault-list.ts'
import { isObject } from './json-object.ts'
import type { PassTarget } from './module.ts'
import { optional as present, toMs } from './optional.ts'
import {
  flag,
  listOf,
  litellmBlock,
  mapOf,
  number,
  optional,
  seconds,
  text,
} from './schema-parts.ts'
import type { SchemaReader } from './schema-reader.ts'

const targetSchema = litellmBlock(
  'pass_through_endpoints[]',
  {
    path: text({
      description: 'Where callers ask: /bria.',
      expected: 'a path such as /bria, without stars, dots or a slash at its end',
      pattern: String.raw`^(/[A-Za-z0-9_~:@!$&'()+,;=-][A-Za-z0-9._~:@!$&'()+,;=-]*)+$`,
    }),
    target: text({
      description: 'The address that is asked in its place.',
      expected:
        'an address such as https://engine.example.com/v1, without user, password or fragment',
      pattern: String.raw`^https?://[^\s/?#@]+(/[^\s?#]*)?(\?[^\s#]*)?$`,
    }),
    headers: optional(
      mapOf(text({ description: 'A header.' }), {
        description: 'Headers added to each call, its key among them.',
      }),
    ),
    include_subpath: optional(
      flag({ description: 'What stands behind the path goes along.', default: false }),
    ),
    cost_per_request: optional(number({ description: 'US dollars of one call.' })),
    timeout: optional(seconds({ description: 'Longest wait for the first byte.' })),
  },
  { description: 'A path of your own, and what stands behind it.' },
)

/** Paths that lead to servers which are none of the models. */
export const passTargetsSchema = listOf(targetSchema, {
  description: 'Paths of your own that lead to other servers, keys put in.',
  expected: 'a list of {path, target, headers}',
})

/** The usable ones. One whose header names a variable that is missing is left out, and the others serve. */
export function readPassTargets(
  raw: unknown,
  reader: SchemaReader,
  faults: FaultList,
): readonly PassTarget[] | undefined {
  if (raw === undefined || raw === null) return undefined
  const at = ['general_settings', 'pass_through_endpoints'] as const
  if (!Array.isArray(raw)) {
    faults.error(at, 'expected a list of {path, target, headers}')
    return undefined
  }
  return raw.flatMap((item: unknown, index) => {
    const path = [...at, index]
    const read = reader.read(targetSchema, item, path)
    if (read === undefined) return []
    const headers = read.headers ?? {}
    const written = isObject(item) && isObject(item['headers']) ? item['headers'] : {}
    // A call without its key would only be refused.
    if (Object.keys(headers).length < Object.keys(written).length) {
      faults.warning(path, `${read.path} is left out: a header of it is missing`)
      return []
    }
    return [
      {
        path: read.path,
        target: read.target,
        headers: Object.fromEntries(
          Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]),
        ),
        isWithSubpath: read.include_subpath ?? false,
        ...present('costPerRequest', read.cost_per_request),
        ...present('timeoutMs', toMs(read.timeout)),
      },
    ]
  })
}
