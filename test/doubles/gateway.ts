import { spawn, type ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import OpenAI from 'openai'
import { pino } from 'pino'

import { runGateway } from '../../gateway/run.ts'
import { readSettings } from '../../gateway/settings.ts'
import { alone } from '../../gateway/workers.ts'
import { findFreePort } from './free-port.ts'

/** A module's document as an object or as YAML text. */
export type Config = string | Readonly<Record<string, unknown>>

export interface GatewayOptions {
  readonly config: Config
  /** Beside, or instead of, the double's own variables. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** What a process runs in place of the sources. */
  readonly program?: string
}

/** How a test speaks to a gateway, wherever it runs. */
interface Face {
  /** `http://127.0.0.1:<port>`, without `/v1`. */
  readonly url: string
  readonly port: number
  readonly key: string
  readonly folder: string
  readonly configFile: string
  /** The official client, with no retries of its own. */
  readonly client: OpenAI
  /** Asks with the master key; an object goes out as JSON. */
  post(at: string, body: unknown, headers?: Record<string, string>): Promise<Response>
  get(at: string, headers?: Record<string, string>): Promise<Response>
  /** The sum of a metric's series that carry these labels. */
  metric(name: string, labels?: Readonly<Record<string, string>>): Promise<number>
  /** Replaces the document in place. */
  writeConfig(config: Config): void
}

export interface TestGateway extends Face {
  /** What was logged, a line each. */
  readonly log: readonly string[]
  close(): Promise<void>
}

/** A gateway in this process, on a free port, with a temporary folder and a key of its own. */
export async function startGateway(options: GatewayOptions): Promise<TestGateway> {
  const place = createPlace(options.config)
  const environment = environmentOf(place, { PORT: '0', ...options.env })
  const log: string[] = []
  const running = await runGateway({
    settings: readSettings(environment),
    environment,
    log: pino({ level: 'debug' }, { write: (line) => void log.push(line) }),
    colleagues: alone,
  }).catch((error: unknown) => {
    place.remove()
    throw error
  })
  return {
    ...createFace(running.port, place),
    log,
    async close() {
      await running.shutDown()
      place.remove()
    },
  }
}

export interface GatewayProcess extends Face {
  readonly child: ChildProcess
  /** Everything on standard output and standard error so far. */
  output(): string
  /** Resolves with the exit code, or the signal's name. */
  readonly ended: Promise<number | string>
  signal(name: NodeJS.Signals): void
  /** Resolves once readiness answers 200. */
  untilReady(): Promise<void>
  close(): Promise<void>
}

/** `node gateway/main.ts`, or another program, as a process of its own, on a port that was free a moment ago. */
export async function startGatewayProcess(options: GatewayOptions): Promise<GatewayProcess> {
  const place = createPlace(options.config)
  const port = Number(options.env?.['PORT'] ?? (await findFreePort()))
  const env = environmentOf(place, { PORT: `${port}`, LITELLM_LOG: 'INFO', ...options.env })
  const child = spawn(process.execPath, [options.program ?? 'gateway/main.ts'], {
    env,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => (output += chunk.toString()))
  const ended = once(child, 'exit').then(([code, signal]: (number | string | null)[]) => {
    return code ?? signal ?? 'unknown'
  })
  const face = createFace(port, place)
  return {
    ...face,
    child,
    output: () => output,
    ended,
    signal: (name) => void child.kill(name),
    async untilReady() {
      const isOver = ended.then(() => Promise.reject(new Error(`it ended: ${output}`)))
      await Promise.race([isOver, until(() => isReady(face), 30_000)])
      isOver.catch(() => undefined)
    },
    async close() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
      await ended
      place.remove()
    },
  }
}

/** Looks again and again until the condition holds; fails after half a minute, which machines may need. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  withinMs = 30_000,
): Promise<void> {
  const endsAt = performance.now() + withinMs
  while (!(await condition())) {
    if (performance.now() > endsAt)
      throw new Error(`not within ${withinMs} ms: ${condition.toString()}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

/** A document with one model, `m`, at an OpenAI-compatible server. */
export function modelAt(
  upstreamUrl: string,
  params: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> {
  return {
    model_list: [deployment('m', upstreamUrl, params)],
  }
}

/** One entry of `model_list` at an OpenAI-compatible server. */
export function deployment(
  name: string,
  upstreamUrl: string,
  params: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> {
  return {
    model_name: name,
    litellm_params: {
      model: 'openai/upstream-model',
      api_base: `${upstreamUrl}/v1`,
      api_key: 'none',
      ...params,
    },
  }
}

interface Place {
  readonly folder: string
  readonly configFile: string
  readonly key: string
  remove(): void
}

const compiled = path.join(import.meta.dirname, '..', '..', 'node_modules', '.cache', 'colonnade')

function createPlace(config: Config): Place {
  const folder = mkdtempSync(path.join(tmpdir(), 'colonnade-gateway-'))
  const configFile = path.join(folder, 'config.yaml')
  writeFileSync(configFile, textOf(config))
  return {
    folder,
    configFile,
    key: `sk-${randomBytes(24).toString('hex')}`,
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}

function environmentOf(
  { folder, configFile, key }: Place,
  more: Readonly<Record<string, string | undefined>>,
): NodeJS.ProcessEnv {
  return {
    PATH: process.env['PATH'],
    // Each start would read and compile the whole gateway anew.
    NODE_COMPILE_CACHE: compiled,
    CONFIG_FILE: configFile,
    LITELLM_MASTER_KEY: key,
    SPOOL_DIR: path.join(folder, 'spool'),
    SECRETS_DIR: path.join(folder, 'secrets'),
    METRICS_PORT: '',
    SHUTDOWN_TIMEOUT_S: '0',
    SHUTDOWN_DELAY_S: '0',
    ...more,
  }
}

function createFace(port: number, { folder, configFile, key }: Place): Face {
  const url = `http://127.0.0.1:${port}`
  const get: Face['get'] = (at, headers = {}) =>
    fetch(url + at, { headers: { authorization: `Bearer ${key}`, ...headers } })
  return {
    url,
    port,
    key,
    folder,
    configFile,
    client: new OpenAI({ baseURL: `${url}/v1`, apiKey: key, maxRetries: 0, timeout: 20_000 }),
    get,
    post: (at, body, headers = {}) =>
      fetch(url + at, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${key}`,
          'content-type': 'application/json',
          ...headers,
        },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      }),
    async metric(name, labels = {}) {
      const text = await (await get('/metrics')).text()
      return text
        .split('\n')
        .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
        .filter((line) => Object.entries(labels).every(([k, v]) => line.includes(`${k}="${v}"`)))
        .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0)
    },
    writeConfig: (config) => writeFileSync(configFile, textOf(config)),
  }
}

// JSON is YAML.
function textOf(config: Config): string {
  return typeof config === 'string' ? config : JSON.stringify(config, null, 2)
}

async function isReady({ url }: Face): Promise<boolean> {
  try {
    return (await fetch(`${url}/health/readiness`)).status === 200
  } catch {
    return false
  }
}
