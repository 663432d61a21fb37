import { parseArgs } from 'node:util'

import { faultsOf, runStorm, type StormLimit } from '../test/gateway/budget-storm.ts'

const help = `npm run test:budgets -- [--seconds 60] [--callers 500] [--kills N] [--outages 2] [--dollars N]

Two modules of two gateways each under parallel callers whose budgets run out, on a Postgres of its own. Gateways are
killed with -9 and started again, Postgres is stopped and started. Then the ledger, the request log and what a stand-in
upstream did are compared, to the last billionth of a dollar.`

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    callers: { type: 'string', default: '500' },
    kills: { type: 'string' },
    outages: { type: 'string', default: '2' },
    dollars: { type: 'string' },
    help: { type: 'boolean', short: 'h' },
  },
})

if (values.help) {
  console.log(help)
} else {
  const seconds = numberOf('seconds', values.seconds)
  const report = await runStorm({
    seconds,
    callers: numberOf('callers', values.callers),
    kills: numberOf('kills', values.kills ?? `${Math.ceil(seconds / 4)}`),
    outages: numberOf('outages', values.outages),
    dollars: numberOf('dollars', values.dollars ?? `${seconds / 1500}`),
  })
  const { answers, kills, outages, killedRequests, mostAtOnce, drainedMs, limits } = report
  console.log(
    `answers: ${Object.entries(answers)
      .map(([what, count]) => `${what} ${count}`)
      .join(', ')}`,
  )
  console.log(
    `${kills} kills with ${killedRequests} requests under way, ${outages} outages of Postgres`,
  )
  console.log(`at most ${mostAtOnce} at once of the key that may have 3`)
  console.log(`all leases back ${(drainedMs / 1000).toFixed(1)} s after the last request\n`)
  for (const limit of limits) console.log(lineOf(limit))
  const faults = faultsOf(report)
  for (const fault of faults) console.error(`wrong: ${fault}`)
  console.log(
    faults.length === 0 ? '\nEvery promise was kept.' : `\n${faults.length} promises broken.`,
  )
  process.exit(faults.length === 0 ? 0 : 1)
}

function lineOf({ name, unit, amount, spent, logged, served }: StormLimit): string {
  const left = amount - spent
  return `${`${name} ${unit}`.padEnd(34)} ledger ${spent} of ${amount}, log ${logged}, upstream ${served}, left ${left}`
}

function numberOf(name: string, text: string): number {
  const number = Number(text)
  if (!(number >= 0) || text === '') {
    console.error(`--${name}: expected a number, found ${text}.`)
    process.exit(1)
  }
  return number
}
