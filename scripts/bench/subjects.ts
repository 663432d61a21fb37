import { randomBytes } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { askedModel, upstreamModel } from './canned.ts'
import { startChild } from './child.ts'
import type { Child } from './child.ts'
import { bundle, bundleGateway } from '../image/bundle.ts'
import { findFreePort } from '../local/ports.ts'

export type SubjectName = 'bare' | 'colonnade'

/** One of the two servers that are compared, running. */
export interface Subject {
  readonly name: SubjectName
  readonly port: number
  readonly child: Child
}

export interface Bench {
  /** The repository. */
  readonly root: string
  /** A folder of this run, removed at its end. */
  readonly folder: string
  readonly programs: Programs
  readonly upstreamPort: number
  readonly key: string
  readonly core: string | undefined
  /** Absent: Colonnade accounts to its spool alone. */
  readonly databaseUrl: string | undefined
  /** The key that virtual keys are kept under; one that nobody knows where it is left out. */
  readonly saltKey?: string
  /** The model has a price. */
  readonly isPriced?: boolean
}

/** A key nobody knows, for one run. */
export function createKey(): string {
  return `sk-${randomBytes(24).toString('base64url')}`
}

/** What each subject runs, as a path. */
export type Programs = Readonly<Record<SubjectName, string>>

export const sources: Programs = {
  bare: fileURLToPath(import.meta.resolve('./bare-proxy.ts')),
  colonnade: fileURLToPath(import.meta.resolve('../../gateway/main.ts')),
}

/** Both as the image has Colonnade: bundled. */
export async function bundlePrograms(root: string, folder: string): Promise<Programs> {
  const [bare, colonnade] = [join(folder, 'bare'), join(folder, 'colonnade')]
  await bundle(root, bare, { main: sources.bare })
  await bundleGateway(root, colonnade)
  return { bare: join(bare, 'main.mjs'), colonnade: join(colonnade, 'main.mjs') }
}

/** Starts one of the two. `nodeOptions` go to Node itself: `--cpu-prof`. */
export async function startSubject(
  name: SubjectName,
  bench: Bench,
  nodeOptions: readonly string[] = [],
): Promise<Subject> {
  const port = await findFreePort()
  const own = name === 'bare' ? bareEnvironment(bench) : await colonnadeEnvironment(bench, port)
  const child = startChild([...nodeOptions, bench.programs[name]], {
    core: bench.core,
    logFile: join(bench.folder, `${name}.log`),
    env: {
      PATH: process.env['PATH'],
      NODE_ENV: 'production',
      // As in the image, whose first start finds everything compiled.
      NODE_COMPILE_CACHE: join(bench.folder, 'compiled'),
      PORT: String(port),
      ...own,
    },
  })
  return { name, port, child }
}

function bareEnvironment({ upstreamPort }: Bench): NodeJS.ProcessEnv {
  return { UPSTREAM: `http://127.0.0.1:${upstreamPort}` }
}

async function colonnadeEnvironment(bench: Bench, port: number): Promise<NodeJS.ProcessEnv> {
  const spool = join(bench.folder, 'spool')
  const configFile = join(bench.folder, 'config', 'config.yaml')
  mkdirSync(spool, { recursive: true })
  mkdirSync(join(bench.folder, 'config'), { recursive: true })
  writeFileSync(configFile, moduleFile(bench))
  return {
    CONFIG_FILE: configFile,
    MODULE: 'bench',
    HOST: '127.0.0.1',
    METRICS_PORT: String(await findAnotherPort(port)),
    SPOOL_DIR: spool,
    SECRETS_DIR: join(bench.folder, 'no-secrets'),
    PARENT_WATCH: '1',
    SHUTDOWN_DELAY_S: '0',
    SHUTDOWN_TIMEOUT_S: '5',
    LITELLM_MASTER_KEY: bench.key,
    LITELLM_SALT_KEY: bench.saltKey ?? createKey(),
    ...(bench.databaseUrl !== undefined && { DATABASE_URL: bench.databaseUrl }),
  }
}

/** Free, and not the one that is about to be taken. */
async function findAnotherPort(taken: number): Promise<number> {
  const port = await findFreePort()
  return port === taken ? findAnotherPort(taken) : port
}

/** A module of one model, under another name upstream, so that names are replaced both ways. */
function moduleFile({ upstreamPort, isPriced }: Bench): string {
  return [
    'model_list:',
    `  - model_name: ${askedModel}`,
    '    litellm_params:',
    `      model: openai/${upstreamModel}`,
    `      api_base: http://127.0.0.1:${upstreamPort}/v1`,
    '      api_key: none',
    ...(isPriced
      ? ['      input_cost_per_token: 0.000001', '      output_cost_per_token: 0.000002']
      : []),
    '',
  ].join('\n')
}
