import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parse } from 'yaml'
import { isObject } from '../../../modules/json-object.ts'
import { run } from '../../../scripts/deploy/command.ts'
import { hostNetworkOverlay, writeTargets } from '../../../scripts/manifests/targets.ts'
import type { Target } from '../../../scripts/manifests/targets.ts'
import { expect } from '../check.ts'
import type { Check, Stage } from '../check.ts'
import type { Kubectl } from '../kubectl.ts'
import { madeBy } from '../label.ts'
import { makeNeeds, removeNeeds } from '../needs.ts'

/** What nothing is made of: the API server says what it would. Before the fleet, which has the same node ports. */
export const dryRunChecks: readonly Check[] = [
  {
    group: 'dry-run',
    what: 'base, overlays, examples and components are taken as they are, without a warning',
    fleet: 'without',
    run: async (stage) => {
      const folder = mkdtempSync(join(tmpdir(), 'colonnade-dry-run-'))
      try {
        return await tryAll(stage, writeTargets(root, folder, stage.fleet.namespace))
      } finally {
        rmSync(folder, { recursive: true, force: true })
        await removeNeeds(run)
      }
    },
  },
]

const root = join(import.meta.dirname, '../../..')

async function tryAll({ kubectl }: Stage, targets: readonly Target[]): Promise<string> {
  const [base] = targets
  expect(base !== undefined, 'there is nothing to apply')
  await makeNamespace(kubectl, join(base.folder, 'k8s/shared/00-namespace.yaml'))
  const made = await makeNeeds(run)
  let objects = 0
  let taken = 0
  const faults: string[] = []
  for (const target of targets) {
    // As people type it: objects say themselves where they belong.
    const said = await run(['kubectl', 'apply', '--dry-run=server', '--kustomize', target.folder])
    objects += said.stdout.trim().split('\n').length
    const lines = said.stderr.split('\n').filter((line) => line.trim() !== '')
    const collisions = lines.filter((line) => line.includes(portTaken))
    const complaints = lines.filter((line) => isFault(line, target))
    taken += collisions.length
    if (complaints.length > 0 || (said.status !== 0 && collisions.length === 0))
      faults.push(`${target.name}: ${complaints.join(' | ') || `exit code ${said.status}`}`)
  }
  expect(faults.length === 0, faults.join('\n'))
  const others = taken === 0 ? '' : `; ${taken} times another Service here has the node port`
  return `${targets.length} times kubectl apply -k, ${objects} objects; ${made.length} definitions made for it${others}`
}

/** With the levels it enforces and warns of, so that a pod that is not `restricted` is told. */
async function makeNamespace(kubectl: Kubectl, file: string): Promise<void> {
  const value: unknown = parse(readFileSync(file, 'utf8'))
  const metadata = isObject(value) && isObject(value['metadata']) ? value['metadata'] : {}
  const labels = { ...(isObject(metadata['labels']) ? metadata['labels'] : {}), ...madeBy }
  await kubectl.apply({
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: kubectl.namespace, labels },
  })
}

// Said of a Service that is sound otherwise, where a fleet runs in another namespace.
const portTaken = 'provided port is already allocated'

/**
 * Whether it is about the manifests. Of the overlay in the node's own network it is known that it is not restricted: by
 * that, and by nothing else.
 */
export function isFault(line: string, { name }: Pick<Target, 'name'>): boolean {
  if (line.includes(portTaken)) return false
  const isKnown = name === hostNetworkOverlay && line.includes('would violate PodSecurity')
  return !isKnown || /privileg|capabilit|runAsNonRoot|runAsUser|seccomp|volume/i.test(line)
}
