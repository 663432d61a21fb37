import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { masterKeyName } from '../../infra/env-file.ts'
import { parseEnvText } from '../../infra/env-text.ts'
import { readFleet, type FleetModule } from '../../infra/fleet.ts'
import { nearestNames } from '../../modules/nearest-name.ts'
import { UsageError, type KeyArguments } from './arguments.ts'

/** A gateway to ask, and the key that opens it. */
export interface FoundGateway {
  readonly url: string
  readonly masterKey: string
}

type Place = Pick<FleetModule, 'name' | 'nodePort'>

const patienceMs = 2000

/** The gateway that is named, or the first of `modules/` that answers here. Throws UsageError. */
export async function findGateway(
  root: string,
  { url, module, 'master-key-file': keyFile }: KeyArguments['said'],
): Promise<FoundGateway> {
  const places = readFleet(root).modules
  const named = module === undefined ? undefined : placeOf(module, places)
  const masterKey = keyFile === undefined ? undefined : readKeyFile(keyFile)
  if (url !== undefined) {
    const address = readUrl(url)
    const known = named ?? places.find(({ nodePort }) => `${nodePort}` === address.port)
    return { url: address.origin, masterKey: masterKey ?? keyOf(root, known) }
  }
  const place = named ?? (await firstThatAnswers(places))
  return { url: urlOf(place), masterKey: masterKey ?? keyOf(root, place) }
}

async function firstThatAnswers(places: readonly Place[]): Promise<Place> {
  const answers = await Promise.all(places.map(isGateway))
  const found = places.find((_, index) => answers[index])
  if (found) return found
  const ports = places.map(({ name, nodePort }) => `${name} on ${nodePort}`).join(', ')
  throw new UsageError(
    `No module answers on this machine (${ports || 'modules/ has none'}). Start them with npm start, or name a gateway with --url, such as --url http://node:30100.`,
  )
}

async function isGateway(place: Place): Promise<boolean> {
  try {
    const signal = AbortSignal.timeout(patienceMs)
    const answer = await fetch(`${urlOf(place)}/health/liveliness`, { signal })
    return answer.ok && (await answer.text()).includes('alive')
  } catch {
    return false
  }
}

function placeOf(name: string, places: readonly Place[]): Place {
  const place = places.find((one) => one.name === name)
  if (place) return place
  const names = places.map((one) => one.name)
  const [near] = nearestNames(name, names, 1)
  const hint = near === undefined ? '' : ` Did you mean ${near}?`
  throw new UsageError(`There is no module ${name}.${hint} The modules are: ${names.join(', ')}.`)
}

function keyOf(root: string, place: Place | undefined): string {
  const file = join(root, '.env')
  const values = existsSync(file) ? parseEnvText(readFileSync(file, 'utf8')) : {}
  const variable = place && masterKeyName(place.name)
  const [key] = ((variable && values[variable]) ?? '').split(',')
  if (key !== undefined && key.trim() !== '') return key.trim()
  throw new UsageError(
    variable === undefined
      ? 'Whose master key opens this gateway? Say --module llm for that of .env, or name the file it stands in with --master-key-file.'
      : `${variable} is not in .env: npm start and npm run synth write it, or name the file it stands in with --master-key-file.`,
  )
}

function readKeyFile(file: string): string {
  try {
    const [key = ''] = readFileSync(file, 'utf8')
      .trim()
      .split(/[\s,]+/)
    if (/^[\x21-\x7e]+$/.test(key)) return key
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
    throw new UsageError(`--master-key-file: ${file} cannot be read (${code}).`)
  }
  throw new UsageError(`--master-key-file: ${file} holds no key: expected it on its first line.`)
}

function readUrl(written: string): URL {
  const text = /^https?:\/\//.test(written) ? written : `http://${written}`
  if (URL.canParse(text)) return new URL(text)
  throw new UsageError(
    `--url: expected an address such as http://127.0.0.1:30100, found ${written}.`,
  )
}

function urlOf({ nodePort }: Place): string {
  return `http://127.0.0.1:${nodePort}`
}
