import { expect, test } from 'vitest'

import { createAllowance, isPublicAddress } from '../../../gateway/upstream/fetch-addresses.ts'

test.each(['8.8.8.8', '1.1.1.1', '172.32.0.1', '100.63.255.255', '2606:4700::1111', '2a00::1'])(
  '%s is public',
  (address) => expect(isPublicAddress(address)).toBe(true),
)

test.each([
  ['127.0.0.1', 'loopback'],
  ['0.0.0.0', 'this host'],
  ['10.1.2.3', 'private'],
  ['172.31.255.255', 'private'],
  ['192.168.0.1', 'private'],
  ['100.64.0.1', 'carrier-grade NAT'],
  ['169.254.169.254', 'link-local, where clouds keep secrets'],
  ['168.63.129.16', 'the platform of a cloud'],
  ['192.0.2.1', 'examples'],
  ['198.18.0.1', 'benchmarks'],
  ['224.0.0.1', 'multicast'],
  ['255.255.255.255', 'broadcast'],
  ['::', 'unspecified'],
  ['::1', 'loopback'],
  ['fe80::1', 'link-local'],
  ['fe80::1%eth0', 'link-local with its zone'],
  ['fd00::1', 'unique local'],
  ['ff02::1', 'multicast'],
  ['::ffff:8.8.8.8', 'IPv4-mapped'],
  ['::8.8.8.8', 'IPv4-compatible'],
  ['64:ff9b::808:808', 'NAT64'],
  ['64:ff9b:1::1', 'NAT64 of a network'],
  ['2002:808:808::1', '6to4'],
  ['2001::1', 'Teredo'],
  ['2001:db8::1', 'examples'],
  ['files.lan', 'no address at all'],
])('%s is not: %s', (address) => expect(isPublicAddress(address)).toBe(false))

test('an allowance lets through its ranges, hosts and domains, and nothing beside', () => {
  const { allows } = createAllowance(['10.0.0.0/8', '::1', 'Files.lan', '*.corp.example'])
  expect(allows('a', '10.200.0.1')).toBe(true)
  expect(allows('a', '::ffff:10.0.0.1')).toBe(true)
  expect(allows('a', '11.0.0.1')).toBe(false)
  expect(allows('a', '::1')).toBe(true)
  expect(allows('a', '::2')).toBe(false)
  expect(allows('files.LAN', '192.168.0.1')).toBe(true)
  expect(allows('xfiles.lan', '192.168.0.1')).toBe(false)
  expect(allows('a.corp.example', '192.168.0.1')).toBe(true)
  expect(allows('corp.example', '192.168.0.1')).toBe(false)
  expect(allows('acorp.example', '192.168.0.1')).toBe(false)
})
