import { BlockList, isIP } from 'node:net'

/** Addresses and hosts that may be fetched from although they are not public. */
export interface Allowance {
  /** Whether a host, by its name or by one of its addresses, is let through. */
  allows(host: string, address: string): boolean
}

// Source: IANA, special-purpose address registries; the last of the first list is the platform's own at Azure.
const reservedV4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.31.196.0/24',
  '192.52.193.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '192.175.48.0/24',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
  '168.63.129.16/32',
]

// Of what is global by its first bits: Teredo and its neighbours, 6to4, examples, and what no router carries.
const reservedV6 = ['2001::/23', '2001:db8::/32', '2002::/16', '2620:4f:8000::/48', '3fff::/20']

const v4 = listOf(reservedV4)
const v6 = listOf(reservedV6)
const globalV6 = listOf(['2000::/3'])

/** Whether an address belongs to the public internet. Forms that carry an IPv4 address within do not. */
export function isPublicAddress(address: string): boolean {
  // One with a zone (`fe80::1%eth0`) belongs to this machine's own links.
  const family = address.includes('%') ? 0 : isIP(address)
  if (family === 4) return !v4.check(address, 'ipv4')
  return family === 6 && globalV6.check(address, 'ipv6') && !v6.check(address, 'ipv6')
}

/** The allowance of a list of addresses, ranges (`10.0.0.0/8`), hosts, and `*.` before a domain. */
export function createAllowance(entries: readonly string[]): Allowance {
  const ranges = listOf(entries.filter(isRange))
  const names = entries.filter((entry) => !isRange(entry)).map((name) => name.toLowerCase())
  return {
    allows(host, address) {
      const name = host.toLowerCase()
      if (names.some((one) => (one.startsWith('*.') ? name.endsWith(one.slice(1)) : name === one)))
        return true
      return ranges.check(address.replace(/%.*$/, ''), isIP(address) === 4 ? 'ipv4' : 'ipv6')
    },
  }
}

const kept = new WeakMap<readonly string[], Allowance>()

/** The same, made once for a list that stays the same. */
export function allowanceOf(entries: readonly string[]): Allowance {
  const known = kept.get(entries)
  if (known) return known
  const made = createAllowance(entries)
  kept.set(entries, made)
  return made
}

function isRange(entry: string): boolean {
  return isIP(entry.split('/')[0] ?? '') !== 0
}

function listOf(ranges: readonly string[]): BlockList {
  const list = new BlockList()
  for (const range of ranges) {
    const [address = '', bits] = range.split('/')
    const isV4 = isIP(address) === 4
    const most = isV4 ? 32 : 128
    list.addSubnet(address, bits === undefined ? most : Number(bits), isV4 ? 'ipv4' : 'ipv6')
  }
  return list
}
