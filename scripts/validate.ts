import { existsSync, readFileSync } from 'node:fs'
import { basename, extname, relative, resolve } from 'node:path'
import { styleText } from 'node:util'
import { readFleet } from '../infra/fleet.ts'
import { compareFaults, faultLine } from '../modules/fault-list.ts'
import type { Fault, Module } from '../modules/module.ts'
import { readPlatform } from '../modules/platform.ts'
import { readModule } from '../modules/read-module.ts'
import { findProviderFaults } from './provider-faults.ts'

interface ValidateOptions {
  /** The folder that holds `modules/` and `platform.yaml`. */
  readonly root: string
  /** Only these; absent or empty: every module and the platform. */
  readonly files?: readonly string[]
  /** Warnings count as errors. */
  readonly isStrict?: boolean
}

export interface Validation {
  readonly faults: readonly Fault[]
  readonly summary: string
  readonly isValid: boolean
}

interface CheckedFile {
  readonly file: string
  readonly text: string
  readonly module?: Module
}

/** Checks files as they stand; needs no environment, no `.env` and no backend. */
export function validate({ root, files = [], isStrict = false }: ValidateOptions): Validation {
  const fleet = readFleet(root)
  const members: CheckedFile[] = [...fleet.modules]
  const asked = files.map((file) => nameIn(root, file))
  const known = new Set(['platform.yaml', ...fleetFiles(members, fleet.faults)])
  const others = asked.filter((file) => !known.has(file)).map((file) => readAlone(root, file))
  const checked = [...members, ...others.flatMap((other) => other.checked ?? [])]
  const faults = [
    ...fleet.faults,
    ...others.flatMap((other) => other.faults),
    ...checked.flatMap((file) => findProviderFaults(file)),
  ]
    .filter((fault) => asked.length === 0 || asked.includes(fault.file))
    .sort(compareFaults)
  const errors = faults.filter(({ severity }) => severity === 'error').length
  const warnings = faults.length - errors
  const count = asked.length > 0 ? asked.length : known.size
  return {
    faults,
    summary: `${plural(count, 'file')}: ${plural(errors, 'error')}, ${plural(warnings, 'warning')}`,
    isValid: errors === 0 && (!isStrict || warnings === 0),
  }
}

/** `modules/llm.yaml` for a file below the root; the full path for any other. */
function nameIn(root: string, file: string): string {
  const path = relative(root, resolve(file)).replaceAll('\\', '/')
  return path.startsWith('../') ? resolve(file) : path
}

/** Every module file, readable or not. */
function fleetFiles(members: readonly CheckedFile[], faults: readonly Fault[]): string[] {
  return [...members.map(({ file }) => file), ...faults.map(({ file }) => file)].filter((file) =>
    /^modules\/[^/]+\.ya?ml$/.test(file),
  )
}

/** A file outside `modules/`: any LiteLLM config, or another platform file. */
function readAlone(root: string, file: string): { checked?: CheckedFile; faults: Fault[] } {
  const path = resolve(root, file)
  if (!existsSync(path)) {
    const place = { file, line: 1, column: 1, path: '', severity: 'error' } as const
    return { faults: [{ ...place, message: 'expected a file, found nothing of that name' }] }
  }
  const text = readFileSync(path, 'utf8')
  if (/^platform\.ya?ml$/.test(basename(file))) return { faults: readPlatform(text, file).faults }
  const name = basename(file, extname(file))
  const { module, faults } = readModule(text, { file, name })
  return { checked: { file, text, ...(module ? { module } : {}) }, faults }
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}

function printed(fault: Fault): string {
  const line = faultLine(fault)
  // Only a terminal wants colour; styleText looks at NO_COLOR and at what the stream is.
  return styleText(fault.severity === 'error' ? 'red' : 'yellow', line, { stream: process.stdout })
}

const usage = 'npm run validate [-- --strict] [-- FILE…]\n'

if (import.meta.main) {
  const words = process.argv.slice(2).filter((word) => word !== '--')
  const unknown = words.find((word) => word.startsWith('-') && word !== '--strict')
  if (unknown !== undefined) {
    const isHelp = unknown === '--help' || unknown === '-h'
    process.stderr.write(isHelp ? usage : `unknown option ${unknown}\n${usage}`)
    process.exitCode = isHelp ? 0 : 2
  } else {
    const { faults, summary, isValid } = validate({
      root: resolve(import.meta.dirname, '..'),
      files: words.filter((word) => word !== '--strict'),
      isStrict: words.includes('--strict'),
    })
    for (const fault of faults) process.stdout.write(`${printed(fault)}\n`)
    process.stdout.write(`${summary}\n`)
    process.exitCode = isValid ? 0 : 1
  }
}
