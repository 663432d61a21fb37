import { isIP } from 'node:net'

const localNames = /(^|\.)(localhost|local|internal|lan|home|home\.arpa|svc|test)$/

/** Whether an address is of one's own machine or network: no vendor sells there. */
export function isLocalHost(hostname: string): boolean {
  const host = hostname.replace(/^\[|\]$/g, '').toLowerCase()
  const version = isIP(host)
  if (version === 4) return isLocalV4(host.split('.').map(Number))
  if (version === 6) return host === '::1' || /^(f[cd]|fe[89ab])/.test(host)
  return !host.includes('.') || localNames.test(host)
}

function isLocalV4([first = 0, second = 0]: readonly number[]): boolean {
  if (first === 10 || first === 127 || first === 0) return true
  if (first === 172) return second >= 16 && second < 32
  if (first === 192) return second === 168
  // Of carriers and VPNs, and link-local ones.
  return (first === 100 && second >= 64 && second < 128) || (first === 169 && second === 254)
}
