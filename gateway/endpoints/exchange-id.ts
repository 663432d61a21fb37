import { randomBytes } from 'node:crypto'

const mostCount = 2 ** 48

let prefix = ''
let count = mostCount

/**
 * A UUID of version 8 (RFC 9562): 74 random bits of this process, then a count. Unique like a random one,
 * made with less work, and rows of one process lie side by side in an index.
 */
export function createExchangeId(): string {
  if (count === mostCount) startAnew()
  const tail = count.toString(16).padStart(12, '0')
  count += 1
  return prefix + tail
}

function startAnew(): void {
  const hex = randomBytes(10).toString('hex')
  const variant = '89ab'.charAt(parseInt(hex.charAt(15), 16) % 4)
  prefix = `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(12, 15)}-${variant}${hex.slice(16, 19)}-`
  count = 0
}
