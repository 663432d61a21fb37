import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterEach, expect, test } from 'vitest'

import { setUpLedger, until } from './set-up-ledger.ts'

const { database, row } = setUpLedger()
const children: ChildProcess[] = []

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
})

/** A real process that takes until it is refused. */
function startTaker(amount: number) {
  const script = fileURLToPath(new URL('taker-process.ts', import.meta.url))
  const child = spawn(process.execPath, [script, database().url, String(amount)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  children.push(child)
  const taker = { child, taken: 0, end: once(child.stdout, 'close') }
  child.stdout.on('data', (dots: Buffer) => (taker.taken += dots.length))
  return taker
}

test('processes share an amount to the last one, a killed one keeps no more than its slice', async () => {
  const amount = 3000
  const takers = [startTaker(amount), startTaker(amount), startTaker(amount)]
  const [killed, ...others] = takers
  await until(() => takers.every(({ taken }) => taken > 300))
  killed?.child.kill('SIGKILL')
  await Promise.all(takers.map(({ end }) => end))
  const taken = takers.reduce((sum, one) => sum + one.taken, 0)
  const [lease] = await database().query(
    'select sum(amount)::int as amount from colonnade.counter_leases',
  )
  const held = Number(lease?.['amount'])
  expect(taken).toBeLessThanOrEqual(amount)
  expect(taken).toBeGreaterThanOrEqual(amount - held)
  expect(held).toBeLessThanOrEqual(amount / 100)
  expect(await row('q')).toMatchObject({ spent: amount - held, leased: held, excess: 0 })
  expect(others.every(({ child }) => child.exitCode === 0)).toBe(true)
})
