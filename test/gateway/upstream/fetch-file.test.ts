import type { LookupAddress } from 'node:dns'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { TLSSocket } from 'node:tls'
import { afterAll, beforeAll, expect, test } from 'vitest'

import { createAllowance } from '../../../gateway/upstream/fetch-addresses.ts'
import { fetchFile, type FetchAsk } from '../../../gateway/upstream/fetch-file.ts'
import {
  answerBytes,
  createFakeUpstream,
  hang,
  type FakeUpstream,
} from '../../doubles/fake-upstream.ts'

const png = Buffer.from('\x89PNG\r\n\x1a\n and a picture', 'latin1')
const picture = answerBytes(png, 200, { 'content-type': 'image/png' })

let server: FakeUpstream
beforeAll(async () => {
  server = await createFakeUpstream(picture)
})
afterAll(() => server.close())

/** A DNS that tells other addresses each time; the last ones for all that follow. */
function dns(...answers: readonly (readonly string[])[]) {
  const asked: string[] = []
  const resolve = (host: string): Promise<readonly LookupAddress[]> => {
    asked.push(host)
    const addresses = answers[Math.min(asked.length, answers.length) - 1] ?? []
    return Promise.resolve(
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    )
  }
  return { asked, resolve }
}

const loopback = ['127.0.0.1']

function ask(url: string, more: Partial<FetchAsk> = {}, resolve = dns(loopback).resolve) {
  const allowance = createAllowance(['127.0.0.1'])
  return fetchFile({ url, allowance, maxBytes: 1000, timeoutMs: 10_000, ...more }, resolve).done
}

const at = (path: string, host = 'files.example') => `http://${host}:${server.port}${path}`

test('a file comes with the type of its content, asked for without anything of ours', async () => {
  server.script(picture)
  const { bytes, type } = await ask(at('/a.png?signature=1#part'))
  expect({ type, isWhole: bytes.equals(png) }).toEqual({ type: 'image/png', isWhole: true })
  const seen = server.requests.at(-1)
  expect(seen?.path).toBe('/a.png?signature=1')
  expect(seen?.headers).toEqual({
    host: `files.example:${server.port}`,
    connection: 'keep-alive',
    accept: '*/*',
    'accept-encoding': 'identity',
    'user-agent': 'Colonnade',
  })
})

test('a host is resolved once: what DNS says later does not matter', async () => {
  server.script(picture)
  // The first answer stands for a public one: only it is let through.
  const rebinding = dns(loopback, ['169.254.169.254'])
  await ask(at('/a.png'), {}, rebinding.resolve)
  expect(rebinding.asked).toEqual(['files.example'])
  await expect(ask(at('/a.png'), {}, rebinding.resolve)).rejects.toThrow('private or reserved')
})

test.each([
  ['a private address', [['10.0.0.1']]],
  ['a private address among public ones', [['8.8.8.8', '127.0.0.2']]],
  ['an IPv4 address within an IPv6 one', [['::ffff:10.0.0.1']]],
  ['no address', [[]]],
])('a host with %s is not asked', async (_, answers) => {
  const before = server.requests.length
  const { resolve } = dns(...answers)
  await expect(ask(at('/a.png'), {}, resolve)).rejects.toThrow(
    /private or reserved|DNS does not know/,
  )
  expect(server.requests).toHaveLength(before)
})

test.each([
  'http://127.0.0.2/',
  'http://2130706434/',
  'http://0x7f.0.0.2/',
  'http://0177.0.0.2/',
  'http://[::1]/',
  'http://[::ffff:127.0.0.2]/',
  'http://169.254.169.254/latest/meta-data/',
  'http://[64:ff9b::7f00:2]/',
])('%s is not asked, however it is written', async (url) => {
  await expect(ask(url)).rejects.toThrow('private or reserved')
})

test.each([
  ['ftp://files.example/a', 'https:// or http://'],
  ['file:///etc/passwd', 'https:// or http://'],
  ['http://user:secret@files.example/a', 'user name or a password'],
  ['http://:secret@files.example/a', 'user name or a password'],
  ['http://', 'not a valid address'],
  [`http://files.example/${'a'.repeat(9000)}`, 'longer than'],
])('%s is refused', async (url, reason) => {
  await expect(ask(url)).rejects.toThrow(reason)
})

const redirect = (location: string, status = 302) => answerBytes('', status, { location })

test('redirects are followed, each host vetted anew', async () => {
  server.script([redirect('/b', 301), redirect(at('/c', 'other.example'), 307), picture])
  const names = dns(loopback)
  expect((await ask(at('/a'), {}, names.resolve)).type).toBe('image/png')
  expect(names.asked).toEqual(['files.example', 'files.example', 'other.example'])
  expect(server.requests.slice(-3).map(({ path }) => path)).toEqual(['/a', '/b', '/c'])
})

test.each([
  ['http://169.254.169.254/latest/meta-data/', 'private or reserved'],
  ['http://[::ffff:169.254.169.254]/', 'private or reserved'],
  ['//169.254.169.254/', 'private or reserved'],
  ['file:///etc/passwd', 'https:// or http://'],
  ['http://a:b@files.example/', 'user name or a password'],
])('a redirect to %s is not followed', async (location, reason) => {
  server.script([redirect(location), picture])
  const before = server.requests.length
  await expect(ask(at('/a'))).rejects.toThrow(reason)
  expect(server.requests).toHaveLength(before + 1)
})

test('a redirect to a name that has become private is not followed', async () => {
  server.script([redirect(at('/b')), picture])
  await expect(ask(at('/a'), {}, dns(loopback, ['10.0.0.1']).resolve)).rejects.toThrow('private')
})

test('a circle of redirects ends', async () => {
  server.script(redirect('/again'))
  const before = server.requests.length
  await expect(ask(at('/a'))).rejects.toThrow('redirected more than 5 times')
  expect(server.requests).toHaveLength(before + 6)
})

test('a file that is too large ends, announced or not', async () => {
  server.script(answerBytes(Buffer.alloc(1001)))
  await expect(ask(at('/a'))).rejects.toThrow('is larger than 0.001 MiB')
  let written = 0
  server.script((_, response) => {
    const more = (): void => {
      while (!response.destroyed && response.write(Buffer.alloc(64 * 1024))) written += 64
      if (!response.destroyed) response.once('drain', more)
    }
    more()
  })
  await expect(ask(at('/a'), { maxBytes: 200_000 })).rejects.toThrow('is larger than')
  expect(await server.requests.at(-1)?.ended).toBe('gone')
  expect(written).toBeLessThan(100_000)
})

test('a body that drips ends when its time is over, and its connection with it', async () => {
  server.script(async (_, response) => {
    response.writeHead(200, { 'content-type': 'image/png' })
    while (!response.destroyed) {
      response.write('\x89')
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  })
  await expect(ask(at('/a'), { timeoutMs: 200 })).rejects.toThrow('within 0.2 s')
  expect(await server.requests.at(-1)?.ended).toBe('gone')
})

test('a name that DNS never tells ends when the time is over', async () => {
  const never = () => new Promise<readonly LookupAddress[]>(() => undefined)
  await expect(ask(at('/a'), { timeoutMs: 50 }, never)).rejects.toThrow('within 0.05 s')
})

test('who ends it is heard at once, and the connection is gone', async () => {
  server.script(hang)
  const count = server.requests.length
  const allowance = createAllowance(['127.0.0.1'])
  const fetching = fetchFile(
    { url: at('/a'), allowance, maxBytes: 10, timeoutMs: 10_000 },
    dns(loopback).resolve,
  )
  await server.arrived(count + 1)
  fetching.fail(new Error('the caller has left'))
  await expect(fetching.done).rejects.toThrow('the caller has left')
  expect(await server.requests.at(-1)?.ended).toBe('gone')
})

test.each([
  ['a compressed body', answerBytes('x', 200, { 'content-encoding': 'gzip' }), 'compressed'],
  ['a page that is missing', answerBytes('no', 404), 'status 404'],
  ['half a file', answerBytes('half', 206), 'status 206'],
  ['a redirect to nowhere', answerBytes('', 302), 'status 302'],
])('%s is refused', async (_, behaviour, reason) => {
  server.script(behaviour)
  await expect(ask(at('/a'))).rejects.toThrow(reason)
})

test('a server that is not there is told in words without its address', async () => {
  const error: unknown = await ask('http://127.0.0.1:1/').catch((thrown: unknown) => thrown)
  expect(String(error)).toBe('Error: leads to a server that refuses the connection.')
})

test('over TLS the name is still that of the host, at the address that was vetted', async () => {
  let name: string | undefined
  const listener = createServer((socket) => {
    const secure = new TLSSocket(socket, {
      isServer: true,
      SNICallback: (servername, done) => {
        name = servername
        done(new Error('no certificate for it'))
      },
    })
    secure.on('error', () => socket.destroy())
  }).listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const address: AddressInfo | string | null = listener.address()
  const port = typeof address === 'object' ? address?.port : 0
  await expect(ask(`https://files.example:${port}/a`)).rejects.toThrow('cannot be fetched')
  expect(name).toBe('files.example')
  listener.close()
})
