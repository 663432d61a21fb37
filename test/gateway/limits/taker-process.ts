import { writeSync } from 'node:fs'
import { Connection } from '../../../gateway/storage/connection.ts'
import { createCounterLedger } from '../../../gateway/storage/counters.ts'
import { Notices } from '../../../gateway/storage/notices.ts'
import { createCounters } from '../../../gateway/limits/counters.ts'

// Takes one after the other from a shared amount and writes a dot for each, until it is refused.
const [databaseUrl = '', amount = '0'] = process.argv.slice(2)
const quiet = () => undefined
const log = { info: quiet, warn: quiet, error: quiet }
const connection = new Connection({
  databaseUrl: () => databaseUrl,
  module: 'llm',
  log,
  now: () => Date.now(),
  onChange: quiet,
})
connection.start()
const notices = new Notices({ connection, log })
const now = () => performance.now()
const counters = createCounters({
  ledger: createCounterLedger({ connection, notices }),
  now,
  wallClock: () => Date.now(),
  log,
})
const counter = counters.counter({
  key: 'q',
  amount: Number(amount),
  window: { kind: 'calendar', per: 'month', minuteOfDay: 0, timeZone: 'Europe/Berlin' },
})
for (;;) {
  const taken = counter.tryTake(1, now()) ?? (await counter.take(1))
  if (!taken) break
  writeSync(1, '.')
  taken.settle(1)
  await new Promise((resolve) => setTimeout(resolve, 1))
}
await counters.close(2000)
await notices.close()
await connection.close(2000)
