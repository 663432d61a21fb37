import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, extname, join } from 'node:path'
import type { DeploySettings, Fault, FleetMember, Module, VariableUse } from '../modules/module.ts'
import { readPlatform } from '../modules/platform.ts'
import type { Platform } from '../modules/platform.ts'
import { readModule, renderConfig } from '../modules/read-module.ts'
import { assignNodePorts, readCommittedPorts } from './node-ports.ts'

/** Everything that is to run: the modules in name order, and what they share. */
export interface Fleet {
  readonly modules: readonly FleetModule[]
  readonly platform: Platform
  /** Of all files, errors and warnings. A module whose file is unusable is only here. */
  readonly faults: readonly Fault[]
}

export interface FleetModule {
  readonly name: string
  /** `modules/llm.yaml` */
  readonly file: string
  readonly text: string
  /** Placeholders stand as written. */
  readonly module: Module
  readonly deploy: DeploySettings
  readonly nodePort: number
  readonly variables: readonly VariableUse[]
  /** The gateway's document: the file without `deploy`, with `module`, `endpoints` and `fleet`. */
  readonly config: string
}

/** How many neighbours a document names for one endpoint; keeps 500 modules from being 250,000 lines. */
const neighboursPerEndpoint = 5

/** Reads `modules/` and `platform.yaml` below a folder. Never throws for what stands in them. */
export function readFleet(root: string): Fleet {
  const { platform, faults: platformFaults } = readPlatform(readText(join(root, 'platform.yaml')))
  const files = moduleFiles(join(root, 'modules'))
  const read = files.filter(isFirst).map(({ name, file }) => {
    const text = readText(join(root, file)) ?? ''
    return { name, file, text, ...readModule(text, { file, name }) }
  })
  const wishes = read.map(({ name, file, text, deploy }) => ({
    name,
    file,
    text,
    ...(deploy.nodePort === undefined ? {} : { nodePort: deploy.nodePort }),
  }))
  const plan = assignNodePorts(
    wishes,
    readCommittedPorts(join(root, 'k8s')),
    platform.prometheus.nodePort,
  )
  const usable = read.flatMap(({ faults: _faults, module, document, ...member }) => {
    const nodePort = plan.ports.get(member.name)
    if (module === undefined || document === undefined || nodePort === undefined) return []
    return [{ ...member, module, document, nodePort }]
  })
  const neighbours = nameNeighbours(usable)
  const modules = usable.map(({ document, ...member }) => ({
    ...member,
    config: renderConfig(document, {
      name: member.name,
      endpoints: member.module.endpoints,
      fleet: neighbours.filter(({ module }) => module !== member.name),
    }),
  }))
  const faults = [
    ...platformFaults,
    ...read.flatMap((member) => member.faults),
    ...folderFaults(files),
    ...scaleFaults(usable, platform),
    ...backendFaults(usable),
    ...plan.faults,
  ]
  return { modules, platform, faults }
}

/** Who serves what: the first few modules of each endpoint, in name order. */
function nameNeighbours(
  modules: readonly { name: string; nodePort: number; module: Module }[],
): FleetMember[] {
  const counts = new Map<string, number>()
  const named: FleetMember[] = []
  for (const { name, nodePort, module } of modules) {
    const isNews = module.endpoints.some(
      (endpoint) => (counts.get(endpoint) ?? 0) < neighboursPerEndpoint,
    )
    if (!isNews) continue
    for (const endpoint of module.endpoints) counts.set(endpoint, (counts.get(endpoint) ?? 0) + 1)
    named.push({ module: name, port: nodePort, endpoints: module.endpoints })
  }
  return named
}

interface ModuleFile {
  readonly name: string
  readonly file: string
}

function moduleFiles(folder: string): ModuleFile[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => !entry.isDirectory() && /^[^.].*\.ya?ml$/.test(entry.name))
    .map((entry) => ({
      name: basename(entry.name, extname(entry.name)),
      file: `modules/${entry.name}`,
    }))
    .sort((left, right) => (left.file < right.file ? -1 : 1))
}

function isFirst({ name }: ModuleFile, index: number, files: readonly ModuleFile[]): boolean {
  return files.findIndex((other) => other.name === name) === index
}

/** A model server goes by `<module>-<name>`, which may be no module's own name. */
function backendFaults(modules: readonly Pick<FleetModule, 'file' | 'name' | 'deploy'>[]): Fault[] {
  const place = { line: 1, column: 1, path: 'deploy.backends', severity: 'error' } as const
  return modules.flatMap(({ file, name, deploy: { backends = [] } }) =>
    backends.flatMap((backend) => {
      const full = `${name}-${backend.name}`
      const other = modules.find((module) => module.name === full)
      if (other === undefined) return []
      const message = `expected another name than ${backend.name}: ${full} is the module of ${other.file}`
      return [{ ...place, file, message }]
    }),
  )
}

/** Scaling by requests under way reads them from a Prometheus, which has to be known. */
function scaleFaults(
  modules: readonly Pick<FleetModule, 'file' | 'deploy'>[],
  { prometheus }: Platform,
): Fault[] {
  if (prometheus.mode === 'bundled' || prometheus.address !== undefined) return []
  const asking = modules.find(
    ({ deploy: { autoscaling } }) =>
      autoscaling?.targetInFlight !== undefined && autoscaling.min > 0,
  )
  if (asking === undefined) return []
  const message = `expected the address of your Prometheus, because ${asking.file} scales by target_in_flight, found nothing`
  const path = 'prometheus.address'
  return [{ file: 'platform.yaml', line: 1, column: 1, path, message, severity: 'error' }]
}

function folderFaults(files: readonly ModuleFile[]): Fault[] {
  const place = { line: 1, column: 1, path: '', severity: 'error' } as const
  if (files.length === 0) {
    const message = 'expected at least one module file (modules/<name>.yaml), found none'
    return [{ ...place, file: 'modules', message }]
  }
  const doubles = files.filter((file, index) => !isFirst(file, index, files))
  return [
    ...doubles.map(({ name, file }) => {
      const message = `expected one file for the module ${name}, found a .yaml and a .yml: remove one`
      return { ...place, file, message }
    }),
    // A Service and a variable are named after the module, and neither may begin with a digit.
    ...files
      .filter(({ name }) => /^\d/.test(name))
      .map(({ name, file }) => {
        const message = `expected a module name that begins with a letter, found ${name}: rename the file`
        return { ...place, file, message }
      }),
  ]
}

/** The file's text; undefined where there is none. */
function readText(file: string): string | undefined {
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined
}
