import { dirname } from 'node:path'
import { parseArgs } from 'node:util'
import { benchAffinity, printedAffinity } from './bench/affinity.ts'
import { interrupt } from './bench/child.ts'
import { benchGateway } from './bench/gateway.ts'
import { benchLimits, printedLimits } from './bench/limits.ts'
import { profileGateway } from './bench/profile.ts'
import { printed } from './bench/report.ts'
import { benchSynth, printedSynth } from './bench/synth.ts'

const usage = `npm run bench -- gateway   what a request costs beside a bare Fastify + undici proxy
  --json                   one object instead of tables (npm adds lines of its own without --silent)
  --seconds <n>            length of one round (3)
  --rounds <n>             rounds by turns, of which the median counts (5)
  --connections <n>        at once (64)
  --no-database            accounts to the spool alone instead of an embedded Postgres
  --profile                where the time goes; with --subject bare|colonnade, --scenario chat|stream, --top <n>
npm run bench -- limits    what limits of callers cost a request: none, a key, key and team limited in everything
                           (--json, --seconds, --rounds, --connections)
npm run bench -- synth     what it costs to synthesise 5, 50 and 500 modules (--json)
npm run bench -- affinity  routing by prefix beside round robin and the default, on simulated servers with a
                           prefix cache (--json, --seed <n>)`

class UsageError extends Error {}

const root = dirname(import.meta.dirname)

async function main(): Promise<string> {
  const { values, positionals } = readArguments()
  const [what] = positionals
  const say = (line: string): void => {
    if (!values.json) process.stderr.write(`${line}\n`)
  }
  if (values.help) return usage
  if (what === 'synth') {
    const report = await benchSynth(root)
    return values.json ? JSON.stringify(report, undefined, 2) : printedSynth(report)
  }
  if (what === 'affinity') {
    const report = benchAffinity(count('seed', values.seed))
    return values.json ? JSON.stringify(report, undefined, 2) : printedAffinity(report)
  }
  if (what !== 'gateway' && what !== 'limits')
    throw new UsageError(what ? `There is no bench named "${what}".` : '')
  const options = {
    root,
    say,
    seconds: count('seconds', values.seconds),
    rounds: count('rounds', values.rounds),
    connections: count('connections', values.connections),
    hasDatabase: !values['no-database'],
  }
  if (what === 'limits') {
    const report = await benchLimits(options)
    return values.json ? JSON.stringify(report, undefined, 2) : printedLimits(report)
  }
  if (values.profile) {
    const subject = oneOf('subject', values.subject, ['bare', 'colonnade'] as const)
    const scenario = oneOf('scenario', values.scenario, ['chat', 'stream'] as const)
    return profileGateway({ ...options, subject, scenario, top: count('top', values.top) })
  }
  const report = await benchGateway(options)
  return values.json ? JSON.stringify(report, undefined, 2) : printed(report)
}

function readArguments() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        help: { type: 'boolean', short: 'h' },
        json: { type: 'boolean', default: false },
        seconds: { type: 'string', default: '3' },
        rounds: { type: 'string', default: '5' },
        connections: { type: 'string', default: '64' },
        'no-database': { type: 'boolean', default: false },
        profile: { type: 'boolean', default: false },
        subject: { type: 'string', default: 'colonnade' },
        scenario: { type: 'string', default: 'chat' },
        seed: { type: 'string', default: '1' },
        top: { type: 'string', default: '40' },
      },
    })
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}

function count(name: string, text: string): number {
  const value = Number(text)
  if (Number.isInteger(value) && value > 0) return value
  throw new UsageError(`--${name}: expected a whole number above 0, found "${text}".`)
}

function oneOf<Word extends string>(name: string, text: string, words: readonly Word[]): Word {
  const found = words.find((word) => word === text)
  if (found) return found
  throw new UsageError(`--${name}: expected ${words.join(' or ')}, found "${text}".`)
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, interrupt)
}

main().then(
  (text) => {
    process.stdout.write(`${text}\n`)
    process.exit(0)
  },
  (error: unknown) => {
    const message = error instanceof Error ? error.message : String(error)
    process.stderr.write(
      error instanceof UsageError ? `${message}\n${usage}\n`.trimStart() : `${message}\n`,
    )
    process.exit(error instanceof UsageError ? 2 : 1)
  },
)
