import { randomBytes } from 'node:crypto'
import { Client } from 'pg'

import { createDigest, createVirtualKey, nameOf } from '../../gateway/auth/virtual-key.ts'
import { waitForFirstAnswer } from './first-answer.ts'
import { withStage, type GatewayBenchOptions } from './gateway.ts'
import { table } from './report.ts'
import { startSubject } from './subjects.ts'
import { median } from './summary.ts'

/** Whose requests are compared: the master key's, which nothing limits, and those of virtual keys. */
const callers = ['none', 'key', 'all limits', 'all limits, 10,000 keys'] as const
type Who = (typeof callers)[number]

export interface LimitsReport {
  readonly seconds: number
  readonly rounds: number
  readonly connections: number
  /** CPU µs a request: the median, and each round. */
  readonly callers: Readonly<Record<Who, { cpuMicros: number; rounds: readonly number[] }>>
}

const generous = 1_000_000_000
const limits = {
  rpm_limit: generous,
  tpm_limit: generous,
  rpd_limit: generous,
  tpd_limit: generous,
  max_budget: 1_000_000,
  budget_duration: '30d',
  budget_limits: [{ max_budget: 1_000_000, budget_duration: '1d' }],
}

/** What a request costs without limits, with a virtual key, and with a key and a team that are limited in everything. */
export function benchLimits(
  options: Omit<GatewayBenchOptions, 'hasDatabase'>,
): Promise<LimitsReport> {
  return withStage({ ...options, hasDatabase: true }, async ({ bench, measure }) => {
    const saltKey = randomBytes(32).toString('hex')
    const subject = await startSubject('colonnade', { ...bench, saltKey, isPriced: true })
    await waitForFirstAnswer(subject, bench.key)
    const made = await makeKeys(bench.databaseUrl, saltKey)
    const keys: Record<Who, string> = {
      none: bench.key,
      key: made.plain,
      'all limits': made.limited,
      'all limits, 10,000 keys': made.limited,
    }
    const micros: Record<Who, number[]> = {
      none: [],
      key: [],
      'all limits': [],
      'all limits, 10,000 keys': [],
    }
    const run = async (who: readonly Who[], round: number): Promise<void> => {
      for (const one of round % 2 === 0 ? who : who.toReversed()) {
        options.say(`round ${round + 1} of ${options.rounds}: ${one}`)
        const { cpuMicros } = await measure(subject, 'chat', options.seconds, keys[one])
        micros[one].push(cpuMicros)
      }
    }
    for (const who of callers.slice(0, 3)) {
      options.say(`warming up: ${who}`)
      await measure(subject, 'chat', options.seconds, keys[who])
    }
    for (let round = 0; round < options.rounds; round += 1) await run(callers.slice(0, 3), round)
    await made.addMany(10_000)
    await measure(subject, 'chat', options.seconds, keys['all limits'])
    for (let round = 0; round < options.rounds; round += 1) await run(callers.slice(3), round)
    await subject.child.stop()
    await made.close()
    const { seconds, rounds, connections } = options
    const figures = (who: Who) => ({ cpuMicros: median(micros[who]), rounds: micros[who] })
    return {
      seconds,
      rounds,
      connections,
      callers: {
        none: figures('none'),
        key: figures('key'),
        'all limits': figures('all limits'),
        'all limits, 10,000 keys': figures('all limits, 10,000 keys'),
      },
    }
  })
}

async function makeKeys(databaseUrl: string | undefined, saltKey: string) {
  const client = new Client({ connectionString: databaseUrl })
  await client.connect()
  await untilMigrated(client)
  const digestOf = createDigest(saltKey)
  await client.query(`insert into colonnade.teams (id, settings) values ('bench', $1)`, [
    JSON.stringify(limits),
  ])
  const add = async (settings: object, teamId?: string): Promise<string> => {
    const key = createVirtualKey()
    await client.query(
      'insert into colonnade.keys (id, name, settings, team_id) values ($1, $2, $3, $4)',
      [digestOf(key), nameOf(key), JSON.stringify(settings), teamId],
    )
    return key
  }
  return {
    plain: await add({}),
    limited: await add(limits, 'bench'),
    async addMany(count: number): Promise<void> {
      await client.query(
        `insert into colonnade.keys (id, name, settings, team_id)
         select repeat(md5(n::text), 2), 'sk-...' || n, $2, 'bench' from generate_series(1, $1::int) as n`,
        [count, JSON.stringify(limits)],
      )
    },
    close: () => client.end(),
  }
}

async function untilMigrated(client: Client): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    const { rows } = await client.query<{ at: string | null }>(
      `select to_regclass('colonnade.keys')::text as at`,
    )
    if (rows[0]?.at) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error('the gateway of the bench did not make its tables')
}

/** The report for people. */
export function printedLimits({
  seconds,
  rounds,
  connections,
  callers: found,
}: LimitsReport): string {
  const base = found.none.cpuMicros
  return [
    `small chats, ${connections} connections, ${rounds} rounds of ${seconds} s by turns, medians`,
    '',
    table([
      ['', 'CPU µs/request', 'more than none', 'each round'],
      ...callers.map((who) => [
        who,
        found[who].cpuMicros.toFixed(1),
        (found[who].cpuMicros - base).toFixed(1),
        found[who].rounds.map((micros) => micros.toFixed(0)).join(' '),
      ]),
    ]),
    '',
    'none: the master key. key: a virtual key without limits. all limits: a key and its team, each with requests and',
    'tokens a minute and a day and two budgets.',
  ].join('\n')
}
