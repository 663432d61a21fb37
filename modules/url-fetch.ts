import { isIP } from 'node:net'

import type { FaultList } from './fault-list.ts'
import type { UrlFetchSettings } from './module.ts'
import { flag, listOf, number, optional, ourBlock, text, type ValueOf } from './schema-parts.ts'

const hostPattern = String.raw`(\*\.)?[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9])?)*`
const rangePattern = String.raw`[0-9a-fA-F:.]*[:.][0-9a-fA-F:.]*(/\d{1,3})?`

/** How files are fetched that a request names by their addresses. */
export const urlFetchSchema = ourBlock(
  {
    enabled: optional(
      flag({
        description: 'Fetch what a model takes inside the request alone.',
        default: true,
      }),
    ),
    allow_private: optional(
      listOf(
        text({
          description: 'An address, a range or a host.',
          expected: 'an address, a range such as 10.0.0.0/8, or a host such as files.lan or *.lan',
          pattern: `^(${rangePattern}|${hostPattern})$`,
        }),
        { description: 'What may be asked although it is not on the public internet.' },
      ),
    ),
    max_size_mb: optional(
      number({
        description: 'Largest file, MiB; all of a request stay below max_request_size_mb.',
        expected: 'a number of MiB from 0.001 to 1024',
        minimum: 0.001,
        maximum: 1024,
        default: 20,
      }),
    ),
    timeout: optional(
      number({
        description: 'Longest wait for one file, seconds.',
        expected: 'a number of seconds from 0.001 to 600',
        minimum: 0.001,
        maximum: 600,
        default: 10,
      }),
    ),
  },
  { description: 'Pictures and files that a request names by their addresses.' },
)

/** The block with every default in place; a range that is none is a fault. */
export function readUrlFetch(
  written: ValueOf<typeof urlFetchSchema> | undefined,
  faults: FaultList,
): UrlFetchSettings {
  const allowPrivate = written?.allow_private ?? []
  allowPrivate.forEach((entry, index) => {
    if (isSound(entry)) return
    faults.error(
      ['general_settings', 'url_fetch', 'allow_private', index],
      `expected an address, a range such as 10.0.0.0/8, or a host, found "${entry}"`,
    )
  })
  return {
    isEnabled: written?.enabled ?? true,
    allowPrivate: allowPrivate.filter(isSound),
    maxBytes: Math.round((written?.max_size_mb ?? 20) * 1024 * 1024),
    timeoutMs: Math.round((written?.timeout ?? 10) * 1000),
  }
}

// What is made of numbers and colons is meant as an address: as a host nobody could be called so.
function isSound(entry: string): boolean {
  const [address = '', bits] = entry.split('/')
  const family = isIP(address)
  if (family === 0) return bits === undefined && !/^[\d.]+$|:/.test(entry)
  return bits === undefined || Number(bits) <= (family === 4 ? 32 : 128)
}
