import {
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { onTestFinished } from 'vitest'
import { parse } from 'yaml'
import { readFleet } from '../../infra/fleet.ts'
import { renderSecrets } from '../../infra/secrets.ts'
import { synthesise, synthesiseComponents } from '../../infra/synthesise.ts'
import { askedFleets } from './asked-fleets.ts'

export const repository = join(import.meta.dirname, '../..')

/** A folder with the shipped modules and `k8s/`, and these files over them; gone after the test. */
export function copyFleet(files: Readonly<Record<string, string>> = {}): string {
  const root = emptyFolder()
  for (const name of readdirSync(join(repository, 'modules')))
    if (name.endsWith('.yaml'))
      copyFileSync(join(repository, 'modules', name), join(root, 'modules', name))
  copyFileSync(join(repository, 'platform.yaml'), join(root, 'platform.yaml'))
  cpSync(join(repository, 'k8s'), join(root, 'k8s'), { recursive: true })
  writeFiles(root, files)
  return root
}

/** A folder with these files alone; gone after the test. */
export function writeFleet(files: Readonly<Record<string, string>>): string {
  const root = emptyFolder()
  writeFiles(root, files)
  return root
}

export function writeFiles(root: string, files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
}

/** What synth would write into `k8s/`. */
export function synthesiseFolder(root: string): Map<string, string> {
  const fleet = readFleet(root)
  return synthesise({ ...fleet, image: `${fleet.platform.image}:test` })
}

/** What synth would write into `components/`. */
export function synthesiseComponentsOf(root: string): Map<string, string> {
  const fleet = readFleet(root)
  return synthesiseComponents({ ...fleet, image: `${fleet.platform.image}:test` })
}

/** A Kubernetes object as a test looks at it. */
export interface Manifest {
  readonly path: string
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    readonly labels: Record<string, string>
  }
  readonly spec: Record<string, unknown>
  readonly data: Record<string, string>
  readonly raw: unknown
}

/** The objects of `k8s/` and `components/`, and those of `secrets/` with a value for everything. */
function objectsOf(root: string): Manifest[] {
  const fleet = readFleet(root)
  const values = new Proxy<Record<string, string>>({}, { get: () => 'a-value' })
  const files = [
    ...synthesiseFolder(root),
    ...synthesiseComponentsOf(root),
    ...renderSecrets(fleet, values),
  ]
  return files
    .filter(([path]) => !path.endsWith('kustomization.yaml'))
    .map(([path, text]) => toManifest(path, text))
}

export function toManifest(path: string, text: string): Manifest {
  const raw: unknown = parse(text)
  if (!isObject(raw)) throw new Error(`${path} holds no Kubernetes object`)
  return { ...raw, spec: raw.spec ?? {}, data: raw.data ?? {}, path, raw }
}

type Written = Omit<Manifest, 'path' | 'raw' | 'spec' | 'data'> &
  Partial<Pick<Manifest, 'spec' | 'data'>>

function isObject(raw: unknown): raw is Written {
  return typeof raw === 'object' && raw !== null && 'kind' in raw && 'metadata' in raw
}

/** Fleets whose objects are held to every rule: each is read when it is asked for. */
export const fleets: readonly (readonly [string, () => Manifest[]])[] = [
  ['the shipped fleet', () => objectsOf(repository)],
  ...askedFleets.map(([name, files]) => [name, () => objectsOfFiles(files)] as const),
]

function objectsOfFiles(files: Readonly<Record<string, string>>): Manifest[] {
  const root = mkdtempSync(join(tmpdir(), 'colonnade-fleet-'))
  try {
    writeFiles(root, files)
    return objectsOf(root)
  } finally {
    rmSync(root, { recursive: true })
  }
}

function emptyFolder(): string {
  const root = mkdtempSync(join(tmpdir(), 'colonnade-fleet-'))
  mkdirSync(join(root, 'modules'))
  onTestFinished(() => rmSync(root, { recursive: true }))
  return root
}
