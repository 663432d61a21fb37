import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseEnvText } from '../../infra/env-text.ts'
import { findPortFault } from '../../scripts/local/ports.ts'

const repository = join(import.meta.dirname, '..', '..')
const parts = ['gateway', 'infra', 'modules', 'scripts', 'package.json', 'platform.yaml']

/** A copy of the project in a folder only its owner may enter, its modules on free node ports. */
export class LocalTree {
  readonly folder = mkdtempSync(join(tmpdir(), 'colonnade-'))
  readonly ports = new Map<string, number>()

  static async create(moduleNames: readonly string[]): Promise<LocalTree> {
    const tree = new LocalTree()
    for (const part of parts.filter((name) => existsSync(join(repository, name))))
      cpSync(join(repository, part), join(tree.folder, part), { recursive: true })
    symlinkSync(join(repository, 'node_modules'), join(tree.folder, 'node_modules'))
    const free = await findFreeNodePorts(moduleNames.length)
    for (const [index, name] of moduleNames.entries()) tree.#movePort(name, free[index] ?? 0)
    return tree
  }

  path(...names: string[]): string {
    return join(this.folder, ...names)
  }

  read(...names: string[]): string {
    return readFileSync(this.path(...names), 'utf8')
  }

  write(file: string, text: string): void {
    writeFileSync(this.path(file), text)
  }

  address(module: string): string {
    return `http://127.0.0.1:${this.ports.get(module)}`
  }

  /** A value of the tree's `.env`. */
  secret(name: string): string {
    return parseEnvText(this.read('.env'))[name] ?? ''
  }

  /** Command lines of all processes that name the tree. */
  processes(): string[] {
    const all = execFileSync('ps', ['-eo', 'pid=,args='], { encoding: 'utf8' }).split('\n')
    return all.filter((line) => line.includes(this.folder))
  }

  async untilNoProcesses(): Promise<void> {
    while (this.processes().length > 0) await sleep(50)
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true })
  }

  #movePort(module: string, port: number): void {
    this.ports.set(module, port)
    const file = `modules/${module}.yaml`
    this.write(file, this.read(file).replace(/node_port: \d+/, `node_port: ${port}`))
  }
}

/** `npm start` in a tree, as a program of its own. */
export class StartedFleet {
  readonly process: ChildProcess
  output = ''
  #code: number | null | undefined

  constructor(tree: LocalTree, words: readonly string[], environment: NodeJS.ProcessEnv = {}) {
    this.process = spawn(process.execPath, [tree.path('scripts', 'up.ts'), ...words], {
      cwd: tree.folder,
      env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...environment },
    })
    const keep = (bytes: Buffer) => (this.output += bytes.toString())
    this.process.stdout?.on('data', keep)
    this.process.stderr?.on('data', keep)
    this.process.once('close', (code) => (this.#code = code))
  }

  get lines(): string[] {
    return this.output.split('\n').filter((line) => line !== '')
  }

  async until(pattern: RegExp | string): Promise<void> {
    const isThere = () =>
      typeof pattern === 'string' ? this.output.includes(pattern) : pattern.test(this.output)
    while (!isThere()) {
      if (this.#code !== undefined)
        throw new Error(`ended before ${String(pattern)}:\n${this.output}`)
      await sleep(30)
    }
  }

  async exitCode(): Promise<number | null> {
    while (this.#code === undefined) await sleep(20)
    return this.#code
  }
}

/** Ports a cluster could use as node ports, and nobody listens on. */
async function findFreeNodePorts(count: number): Promise<number[]> {
  const found: number[] = []
  while (found.length < count) {
    const port = 31_000 + Math.floor(Math.random() * 1_700)
    if (!found.includes(port) && (await findPortFault(port)) === undefined) found.push(port)
  }
  return found
}
