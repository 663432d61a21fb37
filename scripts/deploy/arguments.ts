import { parseArgs } from 'node:util'
import { builderNames } from '../image/builders.ts'
import type { BuilderName } from '../image/builders.ts'

export class UsageError extends Error {}

export interface DeployArguments {
  /** Empty: every module. */
  readonly modules: readonly string[]
  readonly overlay?: string
  readonly builder?: BuilderName
  readonly base?: string
  readonly isLoadWanted: boolean
  readonly timeoutS: number
}

export interface UndeployArguments {
  readonly modules: readonly string[]
  readonly isDataIncluded: boolean
}

const deployUsage = `npm run deploy              from nothing to modules that answer, on the cluster of the current kubeconfig
  -- --module <name>        only this module, and what all share; may be given several times
  -- --overlay <name>       applies overlays/<name> instead of what stands at the top
  -- --builder <name>       ${builderNames.join(', ')} (default: the first that answers)
  -- --base <image>         another base image that has Node 24
  -- --no-load              the image is there already: neither builds nor loads it
  -- --timeout <seconds>    how long to wait for each workload (default: 180)`

const undeployUsage = `npm run undeploy            takes every module, Postgres and Prometheus away; keeps volumes and keys
  -- --module <name>        only this module; may be given several times
  -- --with-data            volumes, keys and the namespace too: what Postgres holds is lost`

/** What was asked of `npm run deploy`; undefined: its usage was printed. Throws UsageError. */
export function readDeployArguments(
  words: readonly string[],
  say: (line: string) => void,
): DeployArguments | undefined {
  const said = read(deployUsage, () =>
    parseArgs({
      args: [...words],
      options: {
        help: { type: 'boolean', short: 'h', default: false },
        module: { type: 'string', multiple: true, default: [] },
        overlay: { type: 'string' },
        builder: { type: 'string' },
        base: { type: 'string' },
        'no-load': { type: 'boolean', default: false },
        timeout: { type: 'string', default: '180' },
      },
    }),
  )
  if (said.help) {
    say(deployUsage)
    return undefined
  }
  const timeoutS = Number(said.timeout)
  if (!Number.isInteger(timeoutS) || timeoutS < 1)
    throw new UsageError(`--timeout: expected a whole number of seconds, found ${said.timeout}.`)
  const builder = builderNames.find((name) => name === said.builder)
  if (said.builder !== undefined && builder === undefined)
    throw new UsageError(
      `--builder: expected one of ${builderNames.join(', ')}, found ${said.builder}.`,
    )
  if (said.overlay !== undefined && !/^[\w-]+$/.test(said.overlay))
    throw new UsageError(
      `--overlay: expected the name of a folder in overlays/, found ${said.overlay}.`,
    )
  return {
    modules: namesIn(said.module),
    isLoadWanted: !said['no-load'],
    timeoutS,
    ...(builder !== undefined && { builder }),
    ...(said.overlay !== undefined && { overlay: said.overlay }),
    ...(said.base !== undefined && { base: said.base }),
  }
}

/** What was asked of `npm run undeploy`; undefined: its usage was printed. Throws UsageError. */
export function readUndeployArguments(
  words: readonly string[],
  say: (line: string) => void,
): UndeployArguments | undefined {
  const said = read(undeployUsage, () =>
    parseArgs({
      args: [...words],
      options: {
        help: { type: 'boolean', short: 'h', default: false },
        module: { type: 'string', multiple: true, default: [] },
        'with-data': { type: 'boolean', default: false },
      },
    }),
  )
  if (said.help) {
    say(undeployUsage)
    return undefined
  }
  return { modules: namesIn(said.module), isDataIncluded: said['with-data'] }
}

function read<T>(usage: string, parse: () => { readonly values: T }): T {
  try {
    return parse().values
  } catch (error) {
    throw new UsageError(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`)
  }
}

/** `--module llm,audio` is as good as two. */
function namesIn(words: readonly string[]): string[] {
  return [...new Set(words.flatMap((word) => word.split(',')))].filter((name) => name !== '')
}
