import { randomUUID } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { askInstance } from './instance.ts'
import { readableLine } from './log-line.ts'
import { findPortFault } from './ports.ts'
import { KeptProcess } from './process.ts'
import { findCompiled } from './read-ahead.ts'
import { writeSecretFiles, writeWhole } from './secret-files.ts'

/** One module as it is to run on this machine. */
export interface GatewayPlan {
  readonly name: string
  /** `modules/llm.yaml` */
  readonly file: string
  readonly port: number
  readonly workers: number
  /** The gateway's document. */
  readonly config: string
  /** What its Secret holds in a cluster. */
  readonly secrets: Readonly<Record<string, string>>
}

export interface Surroundings {
  readonly root: string
  /** Path of what each gateway runs. */
  readonly program: string
  /** Everything written at run time goes below it. */
  readonly stateDir: string
  readonly environment: NodeJS.ProcessEnv
  /** A line of the gateway's, or about it. */
  readonly say: (module: string, line: string) => void
}

export type GatewayState =
  | { readonly kind: 'ready' }
  | { readonly kind: 'not-ready'; readonly reason: string }
  /** It will not run on this port. */
  | { readonly kind: 'out'; readonly reason: string }

const answersWithinMs = 20_000

/** Names the gateway reads that only we decide on. */
const ownSettings =
  /^(npm_.*|CONFIG_FILE|MODULE|HOST|PORT|PUBLIC_URL|SPOOL_DIR|SECRETS_DIR|METRICS_PORT|DATABASE_URL|(LITELLM_)?SALT_KEY|LITELLM_MASTER_KEY|NUM_WORKERS|INSTANCE_ID|PARENT_WATCH|.*_MASTER_KEY|.*_DATABASE_PASSWORD|POSTGRES_PASSWORD)$/i

/** The gateway of one module: its files, its process, and whether its port is really its own. */
export class LocalGateway {
  readonly #surroundings: Surroundings
  readonly #folder: string
  readonly #process: KeptProcess
  #plan: GatewayPlan
  #instanceId = randomUUID()
  #isOver = false

  constructor(plan: GatewayPlan, surroundings: Surroundings) {
    this.#plan = plan
    this.#surroundings = surroundings
    this.#folder = join(surroundings.stateDir, plan.name)
    const say = (line: string) => surroundings.say(plan.name, line)
    this.#process = new KeptProcess(
      {
        args: [surroundings.program],
        cwd: surroundings.root,
        environment: () => this.#environment(),
      },
      {
        onLine: (line) => say(readableLine(line)),
        onDeath: (how, againInMs) => say(`ended (${how}); starting again in ${againInMs / 1000} s`),
        onRestart: () => say('started again'),
      },
    )
  }

  get plan(): GatewayPlan {
    return this.#plan
  }

  /** Starts it and waits until its port answers for it. */
  async start(): Promise<GatewayState> {
    const { port, file } = this.#plan
    const fault = await findPortFault(port)
    if (fault !== undefined) return this.#giveUp(portSentence(port, file, fault))
    if (this.#isOver) return this.#giveUp('not started')
    this.#writeFiles()
    this.#process.start()
    const deadlineMs = Date.now() + answersWithinMs
    const isOver = () => !this.#process.isRunning || Date.now() > deadlineMs
    const answer = await askInstance(port, () => this.#instanceId, isOver)
    if (answer.kind === 'foreign') {
      this.#process.kill()
      return this.#giveUp(foreignSentence(port, file))
    }
    if (answer.kind === 'silent')
      return { kind: 'not-ready', reason: 'does not answer; its lines above say why' }
    return answer.isReady
      ? { kind: 'ready' }
      : { kind: 'not-ready', reason: answer.reason ?? 'not ready' }
  }

  /** Whether this plan needs no other process than the one that runs. */
  fits({ port, workers }: GatewayPlan): boolean {
    return !this.#isOver && port === this.#plan.port && workers === this.#plan.workers
  }

  /** Gives the running process another document and other secrets; it reads them by itself. */
  update(plan: GatewayPlan): void {
    this.#plan = plan
    this.#writeFiles()
  }

  stop(): Promise<void> {
    this.#isOver = true
    return this.#process.stop()
  }

  kill(): void {
    this.#process.kill()
  }

  #giveUp(reason: string): GatewayState {
    this.#isOver = true
    return { kind: 'out', reason }
  }

  #writeFiles(): void {
    const { config, secrets } = this.#plan
    mkdirSync(join(this.#folder, 'config'), { recursive: true })
    mkdirSync(join(this.#folder, 'spool'), { recursive: true, mode: 0o700 })
    writeSecretFiles(join(this.#folder, 'secrets'), secrets)
    writeWhole(join(this.#folder, 'config', 'config.yaml'), config, 0o600)
  }

  #environment(): NodeJS.ProcessEnv {
    this.#instanceId = randomUUID()
    const { name, port, workers } = this.#plan
    const { environment, root, program } = this.#surroundings
    const compiled = findCompiled(root, program)
    const kept = Object.entries(environment).filter(
      ([key, value]) => value !== '' && !ownSettings.test(key),
    )
    return {
      BACKEND_HOST: '127.0.0.1',
      // Nobody balances over us here: there is no one to wait for before draining.
      SHUTDOWN_DELAY_S: '0',
      ...(compiled === undefined ? {} : { NODE_COMPILE_CACHE: compiled }),
      ...Object.fromEntries(kept),
      MODULE: name,
      HOST: '127.0.0.1',
      PORT: String(port),
      METRICS_PORT: '',
      CONFIG_FILE: join(this.#folder, 'config', 'config.yaml'),
      SECRETS_DIR: join(this.#folder, 'secrets'),
      SPOOL_DIR: join(this.#folder, 'spool'),
      NUM_WORKERS: String(workers),
      INSTANCE_ID: this.#instanceId,
      PARENT_WATCH: '1',
    }
  }
}

function portSentence(port: number, file: string, fault: string): string {
  const why =
    fault === 'EADDRINUSE' ? 'is in use by another program' : `cannot be listened on (${fault})`
  return `port ${port} ${why}: stop that program, or set deploy.node_port in ${file} to another port`
}

function foreignSentence(port: number, file: string): string {
  return `port ${port} is answered by somebody else (a cluster's NodePort on this machine?): stop that one, or set deploy.node_port in ${file} to another port`
}
