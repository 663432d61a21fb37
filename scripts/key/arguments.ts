import { parseArgs } from 'node:util'
import { nearestNames } from '../../modules/nearest-name.ts'
import { usage } from './usage.ts'

const text = { type: 'string' } as const
const flag = { type: 'boolean' } as const

const options = {
  name: text,
  team: text,
  user: text,
  budget: text,
  'soft-budget': text,
  rpm: text,
  tpm: text,
  rpd: text,
  tpd: text,
  parallel: text,
  models: text,
  modules: text,
  expires: text,
  tags: text,
  role: text,
  state: text,
  page: text,
  grace: text,
  url: text,
  module: text,
  'master-key-file': text,
  json: flag,
  help: flag,
} as const

/** What was asked for: words, and what was said by name. */
export interface KeyArguments {
  /** `new`, `team new`. */
  readonly command: string
  /** What follows it: keys, teams. */
  readonly names: readonly string[]
  readonly said: Readonly<Partial<Record<keyof typeof options, string>>>
  readonly isJson: boolean
}

/** A wish that cannot be fulfilled as it was said: its message tells how to say it. */
export class UsageError extends Error {}

const commands = [
  'new',
  'list',
  'info',
  'update',
  'replace',
  'delete',
  'block',
  'unblock',
  'salt',
  'rotate-salt',
] as const
const teamCommands = [
  'new',
  'list',
  'info',
  'update',
  'delete',
  'block',
  'unblock',
  'add',
  'remove',
] as const

/** The arguments; undefined where help was asked for. Throws UsageError. */
export function readArguments(
  words: readonly string[],
  env: NodeJS.ProcessEnv = {},
): KeyArguments | undefined {
  const swallowed = Object.keys(options).find(
    (name) => env[`npm_config_${name.replaceAll('-', '_')}`] !== undefined,
  )
  if (swallowed !== undefined) {
    throw new UsageError(
      `npm took --${swallowed} for itself: write \`npm run key -- …\`, with two dashes before the words.`,
    )
  }
  const { values, positionals } = parse(words)
  const { json = false, help = false, ...said } = values
  if (help || positionals.length === 0) return undefined
  const isTeam = positionals[0] === 'team' || positionals[0] === 'teams'
  const [word = '', ...names] = positionals.slice(isTeam ? 1 : 0)
  const known: readonly string[] = isTeam ? teamCommands : commands
  if (!known.includes(word)) throw unknown(word, known, isTeam ? 'team ' : '')
  return { command: isTeam ? `team ${word}` : word, names, said, isJson: json }
}

function parse(words: readonly string[]) {
  try {
    return parseArgs({ args: [...words], options, allowPositionals: true })
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    const name = /'--([\w-]+)/.exec(message)?.[1]
    const isKnown = name !== undefined && Object.hasOwn(options, name)
    const [near] = name === undefined || isKnown ? [] : nearestNames(name, Object.keys(options), 1)
    const hint = near === undefined ? '' : ` Did you mean --${near}?`
    throw new UsageError(
      isKnown || name === undefined
        ? (message.split('\n')[0] ?? message)
        : `There is no --${name}.${hint}`,
    )
  }
}

function unknown(word: string, known: readonly string[], before: string): UsageError {
  if (word === '')
    return new UsageError(`Say what: ${known.map((one) => before + one).join(', ')}.`)
  const [near] = nearestNames(word, known, 1)
  const hint = near === undefined ? '' : ` Did you mean ${before}${near}?`
  return new UsageError(`There is no ${before}${word}.${hint}\n\n${usage}`)
}
