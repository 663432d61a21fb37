import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Fault } from '../modules/module.ts'

/** What a module asks for: the port its file names, and the one its committed Service has. */
export interface PortWish {
  readonly name: string
  readonly file: string
  readonly text: string
  readonly nodePort?: number
}

export interface PortPlan {
  readonly ports: ReadonlyMap<string, number>
  readonly faults: readonly Fault[]
}

const firstPort = 30_100
const lastPort = 32_767

/** Never given away: the console's and Prometheus's usual ones. The reader of a file refuses them. */
const keptPorts = [30_000, 30_900]

/** Gives each module its own node port: its file's, else its committed one, else the next free. */
export function assignNodePorts(
  wishes: readonly PortWish[],
  committed: ReadonlyMap<string, number>,
  prometheusPort: number,
): PortPlan {
  const ports = new Map<string, number>()
  const holders = new Map([[prometheusPort, 'Prometheus']])
  const faults: Fault[] = []
  // Who has a port already keeps it, so that the newcomer is the one at fault.
  const claims = wishes
    .map((wish) => ({ wish, port: wish.nodePort ?? committed.get(wish.name) }))
    .sort(({ wish: left, port: a }, { wish: right, port: b }) => {
      return Number(committed.get(right.name) === b) - Number(committed.get(left.name) === a)
    })
  for (const { wish, port } of claims) {
    if (port === undefined) continue
    const clash = findClash(port, wish, holders)
    if (clash !== undefined) faults.push(clash)
    else holders.set(port, wish.file)
    ports.set(wish.name, port)
  }
  const taken = new Set([...keptPorts, prometheusPort, ...committed.values(), ...ports.values()])
  const free = freePorts(taken)
  for (const wish of wishes) {
    if (ports.has(wish.name)) continue
    const next = free.next()
    if (next.done === true) faults.push(portFault(wish, 'expected at most 2,600 modules'))
    else ports.set(wish.name, next.value)
  }
  return { ports, faults }
}

/** The node port in each `k8s/<module>/service.yaml`, by module. */
export function readCommittedPorts(folder: string): Map<string, number> {
  const ports = new Map<string, number>()
  for (const entry of foldersOf(folder)) {
    const port = readNodePort(join(folder, entry, 'service.yaml'))
    if (port !== undefined) ports.set(entry, port)
  }
  return ports
}

function findClash(
  port: number,
  wish: PortWish,
  holders: ReadonlyMap<number, string>,
): Fault | undefined {
  const holder = holders.get(port)
  if (holder === undefined) return undefined
  return portFault(wish, `expected a port of its own, found ${port}, which ${holder} has too`)
}

function portFault(wish: PortWish, message: string): Fault {
  const before = /^(?:.*\n)*?[ \t]*(?=node_port[ \t]*:)/.exec(wish.text)?.[0]
  const lines = before?.split('\n') ?? ['']
  return {
    file: wish.file,
    line: lines.length,
    column: (lines.at(-1)?.length ?? 0) + 1,
    path: 'deploy.node_port',
    message,
    severity: 'error',
  }
}

/** 30100, 30200 … 32700, then every port from 30101 on. */
function* freePorts(taken: ReadonlySet<number>): Generator<number, undefined> {
  for (let port = firstPort; port <= lastPort; port += 100) if (!taken.has(port)) yield port
  for (let port = firstPort + 1; port <= lastPort; port += 1)
    if (port % 100 !== 0 && !taken.has(port)) yield port
  return undefined
}

function foldersOf(folder: string): string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
}

function readNodePort(file: string): number | undefined {
  if (!existsSync(file)) return undefined
  const found = /^[ -]*nodePort: (\d+)$/m.exec(readFileSync(file, 'utf8'))?.[1]
  return found === undefined ? undefined : Number(found)
}
