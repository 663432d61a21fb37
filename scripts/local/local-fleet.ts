import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { ensureEnvFile } from '../../infra/env-file.ts'
import { readFleet, type Fleet, type FleetModule } from '../../infra/fleet.ts'
import type { Module } from '../../modules/module.ts'
import { faultLine, readModule } from '../../modules/read-module.ts'
import { repeat, watchSources } from './changes.ts'
import { startDatabase, type LocalDatabase } from './database.ts'
import { LocalGateway, type GatewayState } from './local-gateway.ts'
import type { Output } from './output.ts'
import { planFor } from './plans.ts'
import { ensureProgram } from './program.ts'

const databaseLookMs = 2_000

export interface LocalFleetOptions {
  readonly root: string
  readonly stateDir: string
  readonly environment: NodeJS.ProcessEnv
  readonly output: Output
  /** The modules that run; empty: all there are, and those that come. */
  readonly names: readonly string[]
  /** What a gateway reads in a document's place. */
  readonly rewrite?: (config: string) => string
  /** Variables that are not to be found, whoever set them. */
  readonly hidden?: readonly string[]
}

export interface RunningModule {
  readonly module: FleetModule
  /** What its gateway makes of it, with variables in place. */
  readonly document: Module | undefined
  /** What a missing variable, say, takes out of it: lines that have not been said yet. */
  readonly faults: readonly string[]
  readonly state: GatewayState
}

/** The modules of a folder, each by its own gateway on this machine, and the database they share. */
export class LocalFleet {
  readonly #options: LocalFleetOptions
  readonly #gateways = new Map<string, LocalGateway>()
  readonly #watching = new AbortController()
  #values: Readonly<Record<string, string>> = {}
  #database: LocalDatabase | undefined
  #program = ''
  #saidFaults: readonly string[] = []
  #saidTrouble = ''
  /** What is being done to the fleet: one thing at a time. */
  #turn: Promise<unknown> = Promise.resolve()

  constructor(options: LocalFleetOptions) {
    this.#options = options
  }

  /** Of the environment, else of `.env`; an empty value is none. */
  readonly findVariable = (name: string): string | undefined => {
    if (this.#options.hidden?.includes(name)) return undefined
    return this.#options.environment[name] || this.#values[name] || undefined
  }

  /** Values that are never shown: those of `.env`, and those that came from elsewhere. */
  get secrets(): string[] {
    const plans = [...this.#gateways.values()].map(({ plan }) => plan.secrets)
    return [this.#values, ...plans].flatMap(secretsIn)
  }

  /** Path of what each gateway runs; empty before the start. */
  get program(): string {
    return this.#program
  }

  get isEnding(): boolean {
    return this.#watching.signal.aborted
  }

  /** Where usage goes, as a sentence. */
  get usageGoes(): string {
    return this.#database?.usageGoes ?? ''
  }

  /** Starts everything; each module tells for itself how it went. */
  start(fleet: Fleet): Promise<RunningModule[]> {
    const starting = this.#startAll(fleet)
    this.#turn = starting.catch(() => undefined)
    return starting
  }

  /** Lets the gateways finish what they do, then ends the database. */
  async stop(): Promise<void> {
    this.#watching.abort()
    await this.#stopGateways()
    // What was just being started.
    await this.#turn
    await this.#stopGateways()
    await this.#database?.stop()
  }

  /** Ends all of it at once; the database sees us go. */
  kill(): void {
    this.#watching.abort()
    for (const gateway of this.#gateways.values()) gateway.kill()
  }

  async #startAll(fleet: Fleet): Promise<RunningModule[]> {
    const { root, stateDir, output } = this.#options
    this.#sayFaults(fleet)
    this.#readEnvFile(fleet)
    const modules = this.#chosen(fleet)
    const options = { ...this.#options, say: output.say, findVariable: this.findVariable }
    const database = startDatabase(options, namesOf(modules))
    this.#program = await ensureProgram(root, stateDir)
    this.#database = await database
    const running = await Promise.all(modules.map((module) => this.#startModule(module)))
    const { signal } = this.#watching
    void watchSources(root, signal, () => this.#attempt(() => this.#refresh()))
    void repeat(databaseLookMs, signal, () => this.#attempt(() => this.#healDatabase()))
    return running
  }

  async #stopGateways(): Promise<void> {
    await Promise.all([...this.#gateways.values()].map((gateway) => gateway.stop()))
  }

  async #startModule(module: FleetModule): Promise<RunningModule> {
    const { root, stateDir, environment, output } = this.#options
    const program = this.#program
    const surroundings = { root, program, stateDir, environment, say: output.sayFor }
    const gateway = new LocalGateway(this.#planFor(module), surroundings)
    const read = this.#readAsGateway(module)
    if (this.#watching.signal.aborted)
      return { module, ...read, state: { kind: 'out', reason: 'not started' } }
    this.#gateways.set(module.name, gateway)
    return { module, ...read, state: await gateway.start() }
  }

  #readAsGateway({
    name,
    file,
    text,
    config,
  }: FleetModule): Pick<RunningModule, 'document' | 'faults'> {
    const environment = (variable: string) =>
      this.findVariable(variable) ?? (variable === 'BACKEND_HOST' ? '127.0.0.1' : undefined)
    // The file itself, so that faults name its lines.
    const read = readModule(this.#options.rewrite?.(config) ?? text, { file, name, environment })
    return {
      document: read.module,
      faults: read.faults
        .filter(({ severity }) => severity === 'error')
        .map(faultLine)
        .filter((line) => !this.#saidFaults.includes(line)),
    }
  }

  #planFor(module: FleetModule) {
    const config = this.#options.rewrite?.(module.config) ?? module.config
    const databaseUrlFor = (name: string) => this.#database?.urlFor(name)
    return planFor({ ...module, config }, { findVariable: this.findVariable, databaseUrlFor })
  }

  #chosen({ modules }: Fleet): readonly FleetModule[] {
    const { names } = this.#options
    const asked = modules.filter(({ name }) => names.length === 0 || names.includes(name))
    return asked.toSorted((a, b) => a.nodePort - b.nodePort)
  }

  #readEnvFile(fleet: Fleet): void {
    const { created, added, values } = ensureEnvFile(this.#options.root, fleet)
    this.#values = values
    if (created) this.#options.output.say('.env made, with strong random keys')
    else if (added.length > 0) this.#options.output.say(`.env: added ${added.join(', ')}`)
  }

  #sayFaults({ faults }: Fleet): void {
    const lines = faults.map(faultLine)
    if (lines.join() !== this.#saidFaults.join()) lines.forEach(this.#options.output.say)
    this.#saidFaults = lines
  }

  /** What goes wrong while the fleet runs is said, once, and ends nothing. */
  async #attempt(action: () => Promise<void>): Promise<void> {
    const turn = this.#turn.then(action).then(
      () => '',
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    )
    this.#turn = turn
    const trouble = await turn
    if (trouble !== '' && trouble !== this.#saidTrouble) this.#options.output.say(trouble)
    this.#saidTrouble = trouble
  }

  async #healDatabase(): Promise<void> {
    if (await this.#database?.heal()) await this.#refresh()
  }

  /** Brings what runs in line with the files as they are now. */
  async #refresh(): Promise<void> {
    const fleet = readFleet(this.#options.root)
    this.#sayFaults(fleet)
    this.#readEnvFile(fleet)
    const modules = this.#chosen(fleet)
    await this.#database?.admit(namesOf(modules))
    const started = modules.map((module) => this.#refreshModule(module))
    await Promise.all([...started, ...this.#removeGone()])
  }

  async #refreshModule(module: FleetModule): Promise<void> {
    const { output } = this.#options
    const gateway = this.#gateways.get(module.name)
    const plan = this.#planFor(module)
    if (gateway?.fits(plan)) return gateway.update(plan)
    if (gateway) output.sayFor(module.name, 'starting it anew')
    await gateway?.stop()
    const { state } = await this.#startModule(module)
    const how = state.kind === 'ready' ? 'ready' : state.reason
    output.sayFor(module.name, `http://127.0.0.1:${module.nodePort}: ${how}`)
  }

  #removeGone(): Promise<void>[] {
    const { root, output } = this.#options
    const gone = [...this.#gateways].filter(([, { plan }]) => !existsSync(join(root, plan.file)))
    return gone.map(([name, gateway]) => {
      output.sayFor(name, 'its file is gone: stopping it')
      this.#gateways.delete(name)
      return gateway.stop()
    })
  }
}

const secretName = /KEY|TOKEN|SECRET|PASSWORD|CREDENTIAL|DATABASE_URL/

function secretsIn(values: Readonly<Record<string, string>>): string[] {
  return Object.entries(values).flatMap(([name, value]) => (secretName.test(name) ? [value] : []))
}

function namesOf(modules: readonly FleetModule[]): string[] {
  return modules.map(({ name }) => name)
}
