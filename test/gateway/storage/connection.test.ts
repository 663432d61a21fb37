import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { createLine } from '../../doubles/line.ts'
import { findFreePort } from '../../doubles/free-port.ts'
import { setUpStorage, until, untilConnected } from './set-up.ts'
import { usageRow } from './usage-rows.ts'

const { given, open, stored } = setUpStorage()

test('the connection takes a corrected password without a restart, and never logs one', async () => {
  let url = given('database').url.replace(given('database').password, 'not-the-password')
  const states: string[] = []
  const storage = open({
    databaseUrl: () => url,
    onState: (state) => states.push([state.db, state.cause].filter(Boolean).join(': ')),
  })
  await until(() => storage.state().cause === 'wrong password')
  await sleep(1500)
  expect(given('log').matching('wrong password')).toHaveLength(1)
  expect(storage.state().nextAttemptMs).toBeLessThanOrEqual(15_000)
  url = given('database').url
  await untilConnected(storage)
  expect(states).toEqual(['Not connected: wrong password', 'connected'])
  expect(storage.state()).not.toHaveProperty('cause')
  const said = given('log').lines.join('\n')
  expect(said).not.toContain('not-the-password')
  expect(said).not.toContain(given('database').password)
})

test.for([
  [
    'a host that DNS does not know',
    'postgres://me:secret@no-such-host.invalid/db',
    /^DNS does not/,
  ],
  ['a URL of another kind', 'mysql://me:secret@127.0.0.1/db', /^DATABASE_URL is not usable$/],
  ['a database that is not there', 'THERE/nothing', /^(no such database|permission missing)$/],
  ['TLS that the server has not', 'HERE?sslmode=require', /^TLS$/],
] as const)('the connection says in plain words what is wrong: %s', async ([, template, cause]) => {
  const server = given('database').url.slice(0, given('database').url.lastIndexOf('/'))
  const url = template.replace('THERE', server).replace('HERE', given('database').url)
  const storage = open({ databaseUrl: () => url })
  await until(() => storage.state().cause !== undefined)
  expect(storage.state()).toMatchObject({
    db: 'Not connected',
    cause: expect.stringMatching(cause),
  })
  expect(storage.state().hint).toBeTruthy()
  expect(given('log').lines.join('\n')).not.toContain('secret')
  expect(JSON.stringify(storage.state())).not.toContain('127.0.0.1')
})

test('the connection goes by the list of hosts to the first that answers', async () => {
  const dead = await findFreePort()
  const url = given('database').url.replace('@', `@127.0.0.1:${dead},`)
  await untilConnected(open({ databaseUrl: () => url }))
})

test('the connection begins when the database is configured later', async () => {
  let url: string | undefined
  const storage = open({ databaseUrl: () => url })
  await sleep(100)
  expect(storage.state().db).toBe('not configured')
  url = given('database').url
  await untilConnected(storage)
})

test('a connection to a server that has fallen silent is given up in seconds, and nothing is lost', async () => {
  const line = await createLine(given('postgres').port)
  const url = given('database').url.replace(`:${given('postgres').port}/`, `:${line.port}/`)
  const storage = open({ databaseUrl: () => url })
  await untilConnected(storage)
  line.freeze()
  const frozenAt = Date.now()
  storage.recordUsage(usageRow())
  await until(() => storage.state().cause === 'timed out' && storage.metrics().spooledRows === 1)
  expect(Date.now() - frozenAt).toBeLessThan(12_000)
  line.thaw()
  await until(() => storage.state().pendingWrites === 0)
  expect(await stored()).toBe(1)
  await storage.close({ deadlineMs: 1000 })
  await line.close()
})

test('a connection that is cut is noticed and made again', async () => {
  const storage = open()
  await untilConnected(storage)
  await given('database').administer(
    `select pg_terminate_backend(pid) from pg_stat_activity where usename = '${given('database').role}'`,
  )
  const before = storage.metrics().connectionAttempts
  storage.recordUsage(usageRow())
  await until(() => storage.state().pendingWrites === 0)
  expect(await stored()).toBe(1)
  expect(storage.metrics().connectionAttempts).toBeLessThanOrEqual(before + 1)
})
