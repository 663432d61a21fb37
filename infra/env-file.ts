import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  readFileSync,
  realpathSync,
  renameSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import type { FleetModule } from './fleet.ts'
import { parseEnvText, withLine, withValue } from './env-text.ts'
import { openVariable, wantedVariables } from './module-variables.ts'
import { variablePrefix } from './names.ts'

export interface EnvFile {
  /** Every value of the file; an empty one is missing. */
  readonly values: Readonly<Record<string, string>>
  readonly created: boolean
  /** Names that got a random value now. */
  readonly added: readonly string[]
  /** Names that got an empty line now, for the operator to fill. */
  readonly asked: readonly string[]
}

interface EnvFleet {
  readonly modules: readonly Pick<FleetModule, 'name' | 'variables' | 'deploy'>[]
  readonly platform?: {
    readonly postgres: { readonly mode: string; readonly secret?: unknown }
  }
}

/** Makes `.env` hold every secret the fleet needs. A value that is there is never touched. */
export function ensureEnvFile(root: string, fleet: EnvFleet): EnvFile {
  const file = join(root, '.env')
  const found = existsSync(file) ? readFileSync(file, 'utf8') : undefined
  const filled = fillEnvText(found ?? exampleEnvText(fleet), fleet)
  if (filled.text !== found) writePrivately(file, filled.text)
  return {
    values: parseEnvText(filled.text),
    created: found === undefined,
    added: filled.added,
    asked: filled.asked,
  }
}

/** `.env.example`: every name, in order, without values. */
export function exampleEnvText(fleet: EnvFleet): string {
  const lines = [
    '# Secret values. They stand in .env, which git ignores; `npm run synth` and `npm start` make it and fill in',
    '# strong random ones. An empty value is a missing one, and a value that is there is never changed.',
    '',
    '# Opens everything on a module; several, separated by commas, are all valid. Clients show it as their API key.',
    ...fleet.modules.map(({ name }) => `${masterKeyName(name)}=`),
    '',
    '# What virtual keys are hashed with. Another value makes every issued key unknown.',
    'SALT_KEY=',
    '',
    "# Postgres: the superuser's password, and each module's own.",
    'POSTGRES_PASSWORD=',
    ...fleet.modules.map(({ name }) => `${databasePasswordName(name)}=`),
  ]
  const wanted = wantedByFleet(fleet)
  if (wanted.size > 0) lines.push('', '# Asked for by module files; for you to fill.')
  for (const name of wanted.keys()) lines.push(`${name}=`)
  return `${lines.join('\n')}\n`
}

/** `LLM_MASTER_KEY` */
export function masterKeyName(module: string): string {
  return `${variablePrefix(module)}_MASTER_KEY`
}

/** `LLM_DATABASE_PASSWORD` */
export function databasePasswordName(module: string): string {
  return `${variablePrefix(module)}_DATABASE_PASSWORD`
}

/** `LLM_DATABASE_URL`: a module's own address where Postgres is not ours; else `DATABASE_URL` of all. */
export function databaseUrlName(module: string): string {
  return `${variablePrefix(module)}_DATABASE_URL`
}

function fillEnvText(
  text: string,
  fleet: EnvFleet,
): { text: string; added: string[]; asked: string[] } {
  const values = parseEnvText(text)
  const added = generatedNames(fleet).filter((name) => !values[name] && !isLeftOpen(name, values))
  const asked = [...wantedByFleet(fleet)].filter(([name]) => values[name] === undefined)
  let filled = text
  for (const name of added) filled = withValue(filled, name, randomValue(name))
  for (const [name, file] of asked)
    filled = withLine(withLine(filled, `# ${file} asks for it; for you to fill.`), `${name}=`)
  return { text: filled, added, asked: asked.map(([name]) => name) }
}

/** Whether the operator wants a master key to be none. */
function isLeftOpen(name: string, values: Readonly<Record<string, string>>): boolean {
  return (
    values[openVariable]?.toLowerCase() === 'true' &&
    name.endsWith('_MASTER_KEY') &&
    values[name] === ''
  )
}

function generatedNames({ modules }: EnvFleet): string[] {
  return [
    ...modules.map(({ name }) => masterKeyName(name)),
    'SALT_KEY',
    'POSTGRES_PASSWORD',
    ...modules.map(({ name }) => databasePasswordName(name)),
  ]
}

/** Each variable that only the operator knows, with the first file that names it. */
function wantedByFleet(fleet: EnvFleet): Map<string, string> {
  const generated = new Set(generatedNames(fleet))
  const wanted = new Map<string, string>()
  for (const module of fleet.modules)
    for (const name of wantedVariables(module))
      if (!generated.has(name) && !wanted.has(name)) wanted.set(name, `modules/${module.name}.yaml`)
  const postgres = fleet.platform?.postgres
  if (postgres?.mode === 'external' && postgres.secret === undefined)
    wanted.set('DATABASE_URL', 'platform.yaml')
  return wanted
}

function randomValue(name: string): string {
  const random = randomBytes(32).toString('base64url')
  return name.endsWith('_MASTER_KEY') ? `sk-${random}` : random
}

/** Whole or not at all, readable by its owner alone. */
function writePrivately(file: string, text: string): void {
  const target = existsSync(file) ? realpathSync(file) : file
  const fresh = `${target}.${process.pid}.new`
  writeFileSync(fresh, text, { mode: 0o600 })
  chmodSync(fresh, 0o600)
  renameSync(fresh, target)
}
