import { nearestNames } from '../../modules/nearest-name.ts'

/** What `npm start` was asked to do. */
export interface StartArguments {
  /** Empty: every module. */
  readonly modules: readonly string[]
  readonly isDemo: boolean
  /** End after the demo's requests have been shown. */
  readonly isOnce: boolean
}

const flags = ['--demo', '--once', '--help']

const usage = `npm start [-- [module …] [--demo [--once]]]

  module …   only these; all of modules/ when none is named
  --demo     stand-in backends on this machine, and one request to each module
  --once     with --demo: end when the answers have been shown`

/** The arguments, or a sentence that says what is wrong with them. */
export function readArguments(
  words: readonly string[],
  env: NodeJS.ProcessEnv = {},
): StartArguments | { readonly fault: string } | { readonly help: string } {
  // `npm start --demo`, without the `--`, leaves the flag to npm, which passes it on as a variable.
  const given = [
    ...words,
    ...['demo', 'once']
      .filter((name) => env[`npm_config_${name}`] === 'true')
      .map((name) => `--${name}`),
  ]
  const unknown = given.find((word) => word.startsWith('-') && !flags.includes(word))
  if (unknown !== undefined) {
    const [near] = nearestNames(unknown, flags)
    return {
      fault: `There is no ${unknown}${near === undefined ? '' : `; did you mean ${near}?`}\n\n${usage}`,
    }
  }
  if (given.includes('--help')) return { help: usage }
  const isDemo = given.includes('--demo')
  if (given.includes('--once') && !isDemo)
    return { fault: `--once ends a demo: add --demo.\n\n${usage}` }
  const modules = [
    ...new Set(given.filter((word) => !word.startsWith('-')).flatMap((word) => word.split(','))),
  ]
  return {
    modules: modules.filter((name) => name !== ''),
    isDemo,
    isOnce: given.includes('--once'),
  }
}

/** The modules asked for by name, or a sentence that lists those there are. */
export function chooseModules<M extends { readonly name: string }>(
  all: readonly M[],
  names: readonly string[],
): readonly M[] | { readonly fault: string } {
  const known = all.map(({ name }) => name)
  const unknown = names.find((name) => !known.includes(name))
  if (unknown !== undefined) {
    const [near] = nearestNames(unknown, known)
    const hint = near === undefined ? '' : ` Did you mean ${near}?`
    return {
      fault: `There is no module ${unknown}.${hint} The modules are: ${known.join(', ') || 'none'}.`,
    }
  }
  return names.length === 0 ? all : all.filter(({ name }) => names.includes(name))
}
