import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { parse, stringify } from 'yaml'
import { isObject } from '../../modules/json-object.ts'
import { synth } from '../../infra/synth.ts'
import { askedFleets } from '../../test/infra/asked-fleets.ts'

/** Manifests that somebody may apply. */
export interface Target {
  readonly name: string
  /** What `kubectl apply -k` is given. */
  readonly folder: string
}

/** The overlay in which pods are in the node's own network, which the level `restricted` refuses. */
export const hostNetworkOverlay = 'overlays/hostnetwork'

/**
 * Synthesises everything that is shipped or shown into a folder: the base with its components and keys made up for the
 * occasion, each overlay, each example of docs/platforms, and the fleets that together ask for every component.
 * With a namespace all of it is there; else each has its own.
 */
export function writeTargets(root: string, folder: string, namespace?: string): Target[] {
  const shipped = filesOf(join(root, 'modules'), (name) => name.endsWith('.yaml'), 'modules/')
  const platform = { 'platform.yaml': readFileSync(join(root, 'platform.yaml'), 'utf8') }
  const place: Place = { root, folder, namespace }
  const base = writeFleet(place, 'k8s', { ...shipped, ...platform })
  const overlays = readdirSync(join(root, 'overlays')).map((name) => ({
    name: `overlays/${name}`,
    folder: join(base.folder, 'overlays', name),
  }))
  const examples = Object.entries(filesOf(join(root, 'docs', 'platforms'))).map(([name, text]) =>
    writeFleet(place, `docs/platforms/${name}`, { ...shipped, 'platform.yaml': text }),
  )
  const asked = askedFleets.map(([name, files]) => writeFleet(place, name, files))
  return [base, ...overlays, ...examples, ...asked]
}

interface Place {
  readonly root: string
  readonly folder: string
  readonly namespace: string | undefined
}

/** A folder as a checkout has it after `npm run synth`. */
function writeFleet(
  { root, folder, namespace }: Place,
  name: string,
  files: Readonly<Record<string, string>>,
): Target {
  const own = join(folder, name.replaceAll(/[^a-z0-9]+/gi, '-'))
  cpSync(join(root, 'overlays'), join(own, 'overlays'), { recursive: true })
  cpSync(join(root, 'kustomization.yaml'), join(own, 'kustomization.yaml'))
  const platform = inNamespace(files['platform.yaml'] ?? '', namespace)
  for (const [path, text] of Object.entries({ ...files, 'platform.yaml': platform })) {
    mkdirSync(dirname(join(own, path)), { recursive: true })
    writeFileSync(join(own, path), text)
  }
  const said: string[] = []
  if (synth(own, [], (line) => said.push(line)) !== 0)
    throw new Error(`${name} cannot be synthesised:\n${said.join('\n')}`)
  return { name, folder: own }
}

function inNamespace(platform: string, namespace: string | undefined): string {
  if (namespace === undefined) return platform
  const value: unknown = parse(platform)
  return stringify({ ...(isObject(value) ? value : {}), namespace })
}

function filesOf(
  folder: string,
  isWanted: (name: string) => boolean = () => true,
  before = '',
): Record<string, string> {
  return Object.fromEntries(
    readdirSync(folder)
      .filter(isWanted)
      .map((name) => [`${before}${name}`, readFileSync(join(folder, name), 'utf8')]),
  )
}
