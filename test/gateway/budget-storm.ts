import { randomBytes, randomInt } from 'node:crypto'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { createFakeUpstream, type Behaviour } from '../doubles/fake-upstream.ts'
import { deployment, startGatewayProcess, until, type GatewayProcess } from '../doubles/gateway.ts'
import { findFreePort } from '../doubles/free-port.ts'
import { createTestPostgres, type TestDatabase } from '../doubles/postgres.ts'
import { keysIn } from '../doubles/virtual-keys.ts'

export interface StormOptions {
  readonly seconds: number
  /** Callers that ask one request after the other. */
  readonly callers: number
  readonly kills: number
  readonly outages: number
  /** What each of six keys may spend, US dollars; a team has twice as much for three of them, a user as much for two. */
  readonly dollars: number
}

/** What the ledger has of one limit, and what the request log, callers and the upstream say of the same. */
export interface StormLimit {
  /** `team budget`: what of whom. */
  readonly name: string
  readonly unit: string
  /** The keys that it holds for. */
  readonly keys: readonly string[]
  readonly amount: number
  readonly spent: number
  readonly leased: number
  readonly unsettled: number
  readonly excess: number
  /** By the rows of the request log. */
  readonly logged: number
  /** By what the upstream really did. */
  readonly served: number
}

export interface StormReport {
  readonly answers: Readonly<Record<string, number>>
  readonly kills: number
  readonly outages: number
  /** Rows of requests that were under way when their gateway was killed. */
  readonly killedRequests: number
  /** Commits after which spent + leased + unsettled was more than the amount, or an excess stood there. */
  readonly violations: readonly string[]
  readonly limits: readonly StormLimit[]
  /** The most requests at once that the upstream saw of a key that may have three. */
  readonly mostAtOnce: number
  /** Time from the last answer until nothing was leased, and nothing unsettled. */
  readonly drainedMs: number
  /** The worst case of one request, billionths of a dollar. */
  readonly worstNano: number
}

const salt = randomBytes(32).toString('hex')
const nanoPerPromptToken = 1000
const nanoPerAnswerToken = 2000
const promptTokens = 8
const mostAnswerTokens = 40
const atOnce = 3
const requestsADay = 60

interface Used {
  requests: number
  tokens: number
  nano: number
}

/** What a report says that must not be; empty: all promises were kept. */
export function faultsOf(report: StormReport): string[] {
  const { limits, violations, mostAtOnce, worstNano } = report
  const faults = violations.map((what) => `more than the amount at a commit: ${what}`)
  if (mostAtOnce > atOnce) faults.push(`${mostAtOnce} requests at once where ${atOnce} may be`)
  for (const limit of limits) {
    const { name, unit, amount, spent, leased, unsettled, excess, logged, served } = limit
    const check = (isRight: boolean, what: string): void => {
      if (!isRight) faults.push(`${name}, ${unit}: ${what}`)
    }
    check(spent <= amount, `${spent} of ${amount} is spent`)
    check(
      leased + unsettled + excess === 0,
      `${leased} leased, ${unsettled} unsettled, ${excess} excess`,
    )
    check(spent === logged, `the ledger has ${spent}, the request log ${logged}`)
    check(served <= spent, `the upstream did ${served}, the ledger has ${spent}`)
  }
  for (const key of new Set(limits.flatMap(({ keys }) => keys))) {
    // What is left of one of its limits is too little for a request.
    const isUsedUp = limits.some(
      ({ keys, unit, amount, spent }) =>
        keys.includes(key) && amount - spent < (unit === 'nano' ? worstNano : 1),
    )
    if (!isUsedUp && key !== 'once') faults.push(`${key} was refused with something left`)
  }
  return faults
}

/**
 * Two modules of two gateways each under parallel callers, while gateways are killed with -9 and started again on the
 * same spool, and Postgres goes away now and then; then whatever is left is spent, and the books are compared.
 */
export async function runStorm(options: StormOptions): Promise<StormReport> {
  const storm = new Storm(options)
  try {
    await storm.open()
    return await storm.run()
  } finally {
    await storm.close()
  }
}

class Storm {
  readonly #options: StormOptions
  readonly #folder = mkdtempSync(path.join(tmpdir(), 'colonnade-storm-'))
  readonly #closers: (() => unknown)[] = []
  readonly #gateways: { process: GatewayProcess; start: () => Promise<GatewayProcess> }[] = []
  readonly #answers: Record<string, number> = {}
  /** What the upstream did, by key. */
  readonly #served = new Map<string, Used>()
  readonly #running = new Map<string, number>()
  #mostAtOnce = 0
  #isOver = false
  #database: TestDatabase | undefined
  #postgres: Awaited<ReturnType<typeof createTestPostgres>> | undefined
  #keys: { readonly name: string; readonly key: string; readonly id: string }[] = []

  constructor(options: StormOptions) {
    this.#options = options
  }

  async open(): Promise<void> {
    const postgres = await createTestPostgres()
    this.#closers.push(() => postgres.remove())
    this.#postgres = postgres
    const database = await postgres.createDatabase()
    this.#database = database
    const upstream = await createFakeUpstream((request, response) => this.#serve(request, response))
    this.#closers.push(() => upstream.close())
    for (const [index, module] of ['llm', 'llm', 'vision', 'vision'].entries()) {
      const port = await findFreePort()
      const start = () =>
        startGatewayProcess({
          config: {
            model_list: [
              {
                ...deployment('m', upstream.url, {
                  input_cost_per_token: nanoPerPromptToken / 1e9,
                  output_cost_per_token: nanoPerAnswerToken / 1e9,
                  num_retries: 1,
                }),
              },
            ],
          },
          env: {
            PORT: `${port}`,
            MODULE: module,
            DATABASE_URL: database.url,
            SALT_KEY: salt,
            LITELLM_LOG: 'ERROR',
            SPOOL_DIR: path.join(this.#folder, `spool-${index}`),
          },
        })
      this.#gateways.push({ process: await start(), start })
    }
    await Promise.all(this.#gateways.map(({ process }) => untilKeysAreRead(process)))
    await this.#watch()
    await this.#createKeys()
  }

  async run(): Promise<StormReport> {
    const { seconds, callers, kills, outages } = this.#options
    const endsAt = performance.now() + seconds * 1000
    const asking = Array.from({ length: callers }, () => this.#ask(() => this.#isOver))
    await Promise.all([this.#kill(kills, endsAt), this.#interrupt(outages, endsAt)])
    await sleep(Math.max(0, endsAt - performance.now()))
    this.#isOver = true
    await Promise.all(asking)
    await Promise.all(this.#gateways.map(({ process }) => untilKeysAreRead(process)))
    await this.#adopted()
    await Promise.all(this.#keys.map(({ key, name }) => this.#spendRest(name, key)))
    const startedAt = performance.now()
    await this.#settled()
    return this.#report(performance.now() - startedAt)
  }

  async close(): Promise<void> {
    this.#isOver = true
    await Promise.all(this.#gateways.map(({ process }) => process.close()))
    for (const close of this.#closers.toReversed()) await close()
    rmSync(this.#folder, { recursive: true, force: true })
  }

  get #db(): TestDatabase {
    if (!this.#database) throw new Error('the database is not there yet')
    return this.#database
  }

  // A trigger sees every commit; a look now and then would not.
  async #watch(): Promise<void> {
    await this.#db.query('create table public.violations (at timestamptz default now(), what text)')
    await this.#db
      .query(`create function public.note_violation() returns trigger language plpgsql as $$
      begin
        insert into public.violations (what) values (to_jsonb(new)::text);
        return new;
      end $$`)
    await this.#db
      .query(`create trigger violation after insert or update on colonnade.counters for each row
      when (new.spent + new.leased + new.unsettled > new.amount or new.excess > 0)
      execute function public.note_violation()`)
  }

  async #createKeys(): Promise<void> {
    const { dollars } = this.#options
    const keys = keysIn(this.#db, salt)
    await keys.addTeam('team', { max_budget: 2 * dollars, budget_duration: '30d' })
    await keys.addUser('user', 'internal_user', { max_budget: dollars })
    const settings: Record<string, object> = {
      'team-1': { teamId: 'team', settings: { max_budget: dollars } },
      'team-2': { teamId: 'team', settings: { max_budget: dollars, tpd_limit: 5_000_000 } },
      'team-3': { teamId: 'team', settings: { rpm_limit: 100_000, tpm_limit: 50_000_000 } },
      'user-1': { userId: 'user', settings: { max_budget: dollars, budget_duration: '1d' } },
      'user-2': { userId: 'user', settings: {} },
      single: { settings: { max_budget: dollars, tpd_limit: 8_000_000 } },
      day: { settings: { rpd_limit: requestsADay } },
      once: { settings: { max_parallel_requests: atOnce, max_budget: 1000 } },
    }
    for (const [name, one] of Object.entries(settings)) {
      const key = await keys.add(one)
      this.#keys.push({ name, key, id: keys.digestOf(key) })
    }
  }

  async #ask(isOver: () => boolean): Promise<void> {
    while (!isOver()) {
      const { name, key } = pick(this.#keys)
      const { process } = pick(this.#gateways)
      const outcome = await this.#send(name, key, process)
      this.#answers[outcome] = (this.#answers[outcome] ?? 0) + 1
      // Who is refused at once would only keep the machine busy.
      if (outcome !== 'ok') await sleep(randomInt(20, 60))
    }
  }

  async #send(name: string, key: string, { url }: GatewayProcess): Promise<string> {
    try {
      const response = await fetch(`${url}/v1/chat/completions`, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
        body: JSON.stringify({
          model: 'm',
          messages: [{ role: 'user', content: name }],
          max_tokens: mostAnswerTokens,
        }),
        signal: AbortSignal.timeout(20_000),
      })
      const text = await response.text()
      if (response.status === 200) return 'ok'
      const { error }: { error?: { code?: string } } = JSON.parse(text)
      return error?.code ?? `${response.status}`
    } catch {
      return 'no answer'
    }
  }

  readonly #serve: Behaviour = async (request, response) => {
    const body = request.body.toString()
    const name = /"content":"([^"]+)"/.exec(body)?.[1] ?? ''
    const running = (this.#running.get(name) ?? 0) + 1
    this.#running.set(name, running)
    if (name === 'once') this.#mostAtOnce = Math.max(this.#mostAtOnce, running)
    response.once('close', () => this.#running.set(name, (this.#running.get(name) ?? 0) - 1))
    await sleep(randomInt(10) === 0 && !this.#isOver ? randomInt(200, 800) : randomInt(2, 40))
    if (response.destroyed) return
    if (randomInt(50) === 0) {
      response.destroy()
      return
    }
    const answerTokens = randomInt(1, mostAnswerTokens + 1)
    const usage = {
      prompt_tokens: promptTokens,
      completion_tokens: answerTokens,
      total_tokens: promptTokens + answerTokens,
    }
    const used = this.#served.get(name) ?? { requests: 0, tokens: 0, nano: 0 }
    used.requests += 1
    used.tokens += usage.total_tokens
    used.nano += promptTokens * nanoPerPromptToken + answerTokens * nanoPerAnswerToken
    this.#served.set(name, used)
    const message = { role: 'assistant', content: 'x' }
    response.writeHead(200, { 'content-type': 'application/json' }).end(
      JSON.stringify({
        id: 'chatcmpl-up',
        object: 'chat.completion',
        created: 1_700_000_000,
        model: 'upstream-model',
        choices: [{ index: 0, message, finish_reason: 'stop' }],
        usage,
      }),
    )
  }

  async #kill(kills: number, endsAt: number): Promise<void> {
    for (let done = 0; done < kills; done += 1) {
      const left = endsAt - performance.now()
      await sleep(Math.max(0, (left / (kills - done)) * (0.3 + Math.random() * 0.6)))
      const one = pick(this.#gateways)
      one.process.signal('SIGKILL')
      await one.process.ended
      await one.process.close()
      one.process = await one.start()
    }
  }

  async #interrupt(outages: number, endsAt: number): Promise<void> {
    for (let done = 0; done < outages; done += 1) {
      const left = endsAt - performance.now()
      await sleep(Math.max(0, (left / (outages - done)) * (0.2 + Math.random() * 0.4)))
      await this.#postgres?.stop()
      await sleep(randomInt(100, 1500))
      await this.#postgres?.start()
    }
  }

  /** One request after the other, until none fits. */
  async #spendRest(name: string, key: string): Promise<void> {
    if (name === 'once') return
    for (let refusals = 0; refusals < 3;) {
      const outcome = await this.#send(name, key, pick(this.#gateways).process)
      if (outcome !== 'budget_exceeded' && outcome !== 'rate_limit_exceeded') continue
      refusals += 1
      // What was refused is asked for again once a second.
      await sleep(1500)
    }
  }

  /** Nothing that a killed process left is still to be told. */
  async #adopted(): Promise<void> {
    const live = () => readdirSync(this.#folder, { recursive: true, encoding: 'utf8' })
    await until(() => !live().some((name) => name.endsWith('.settlement.json')), 60_000)
    await until(async () => {
      const [row] = await this.#db.query(
        `select count(*)::int as n from colonnade.counter_owners where not is_settled`,
      )
      return Number(row?.['n']) <= this.#gateways.length
    }, 60_000)
  }

  /** Nothing is leased or unsettled any more, and every row is stored. */
  async #settled(): Promise<void> {
    let left = ''
    await until(async () => {
      left = await this.#left()
      await sleep(100)
      return left === ''
    }, 60_000).catch((cause: unknown) => {
      throw new Error(`left over: ${left}`, { cause })
    })
  }

  async #left(): Promise<string> {
    const held = await this.#db.query(
      `select l.key, l.amount::float8 as amount, l.owner, l.unsettled_at is not null as is_unsettled,
         o.expires_at - colonnade.now_ms() as valid_ms
       from colonnade.counter_leases l left join colonnade.counter_owners o using (owner)
       where l.key like 'caller:%' and l.amount > 0`,
    )
    const pending = await Promise.all(
      this.#gateways.map(({ process }) => process.metric('colonnade_pending_writes')),
    )
    if (held.length === 0 && pending.every((rows) => rows === 0)) return ''
    return JSON.stringify({ held, pending })
  }

  async #report(drainedMs: number): Promise<StormReport> {
    const limits: StormLimit[] = []
    const rows = await this.#db.query(
      `select key, max(amount)::float8 as amount, sum(spent)::float8 as spent,
         sum(leased)::float8 as leased, sum(unsettled)::float8 as unsettled, sum(excess)::float8 as excess
       from colonnade.counters where key like 'caller:%' and step_ms is null group by key`,
    )
    for (const row of rows) {
      const [, kind = '', id = '', unit = ''] = String(row['key']).split(':')
      const names = this.#keys.filter((key) => holderOf(kind, key) === decodeURIComponent(id))
      const column = { key: 'caller', user: 'user_id', team: 'team_id' }[kind]
      const summed = {
        nano: 'sum(cost_nano)',
        tokens: 'sum(total_tokens)',
        requests: "count(*) filter (where attempts > 0 or outcome = 'process_killed')",
      }[unit]
      const [logged] = await this.#db.query(
        `select coalesce(${summed}, 0)::float8 as n from colonnade.spend_logs where ${column} = $1`,
        [decodeURIComponent(id)],
      )
      const number = (name: string) => Number(row[name])
      limits.push({
        name: `${kind} ${names.map(({ name }) => name).join('+')}`,
        unit,
        keys: names.map(({ name }) => name),
        amount: number('amount'),
        spent: number('spent'),
        leased: number('leased'),
        unsettled: number('unsettled'),
        excess: number('excess'),
        logged: Number(logged?.['n']),
        served: names.reduce((sum, { name }) => sum + this.#servedOf(name, unit), 0),
      })
    }
    const violations = await this.#db.query('select what from public.violations')
    const [killed] = await this.#db.query(
      `select count(*)::int as n from colonnade.spend_logs where outcome = 'process_killed'`,
    )
    const { kills, outages } = this.#options
    return {
      answers: this.#answers,
      kills,
      outages,
      killedRequests: Number(killed?.['n']),
      violations: violations.map(({ what }) => String(what)),
      limits,
      mostAtOnce: this.#mostAtOnce,
      drainedMs,
      // A prompt of some bytes is at most as many tokens; see `boundPromptTokens`.
      worstNano: 200 * nanoPerPromptToken + mostAnswerTokens * nanoPerAnswerToken,
    }
  }

  #servedOf(name: string, unit: string): number {
    const used = this.#served.get(name) ?? { requests: 0, tokens: 0, nano: 0 }
    return unit === 'nano' ? used.nano : unit === 'tokens' ? used.tokens : used.requests
  }
}

function holderOf(kind: string, { name, id }: { name: string; id: string }): string {
  if (kind === 'key') return id
  return name.split('-')[0] === kind ? kind : ''
}

async function untilKeysAreRead(gateway: GatewayProcess): Promise<void> {
  await until(async () => {
    try {
      // Those that start need the machine more than those that look.
      await sleep(100)
      const response = await fetch(`${gateway.url}/health/readiness`)
      return (await response.text()).includes('"virtual_keys":"listening"')
    } catch {
      return false
    }
  }, 60_000)
}

function pick<T>(all: readonly T[]): T {
  const one = all[randomInt(all.length)]
  if (one === undefined) throw new Error('there is nothing to pick from')
  return one
}
