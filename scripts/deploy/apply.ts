import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { StepError } from './command.ts'
import type { Run } from './command.ts'
import { ownersOf, sharedOwners } from './owners.ts'

export interface ApplyWish {
  readonly root: string
  readonly namespace: string
  /** Empty: every module. */
  readonly modules: readonly string[]
  readonly overlay?: string
}

/** Namespace first, then everything that was chosen; says how many objects changed. */
export async function applyFleet(run: Run, wish: ApplyWish): Promise<string> {
  const { root, overlay } = wish
  const folder = overlay === undefined ? '.' : join('overlays', overlay)
  if (!existsSync(join(root, folder)))
    throw new StepError(['kubectl', 'apply', '-k', folder], `There is no ${folder}.`, [
      'See overlays/ for those there are.',
    ])
  const chosen = selectorOf(root, wish.modules)
  const said: string[] = []
  for (const args of [
    ['--filename', join('k8s', 'shared', '00-namespace.yaml')],
    ['--kustomize', folder, ...chosen],
  ])
    said.push(await apply(run, root, args))
  return countOf(said.join('\n'))
}

function selectorOf(root: string, modules: readonly string[]): string[] {
  if (modules.length === 0) return []
  return ['--selector', `module in (${[...sharedOwners, ...ownersOf(root, modules)].join(',')})`]
}

async function apply(run: Run, root: string, args: readonly string[]): Promise<string> {
  const command = ['kubectl', 'apply', ...args]
  const said = await run(command, { cwd: root, timeoutMs: 120_000 })
  if (said.status !== 0) throw new StepError(command, said.stderr, adviceOn(said.stderr))
  return said.stdout
}

/** What to do about what the API server refused. */
function adviceOn(said: string): string[] {
  const port = /provided port (?:is already allocated|\S+)|nodePort.*already allocated/.test(said)
    ? /nodePort: Invalid value: (\d+)/.exec(said)?.[1]
    : undefined
  if (port !== undefined)
    return [
      `Another Service holds node port ${port}: npm run doctor names it.`,
      'Give the module another one (deploy.node_port in its file), or remove the other Service, and run it again.',
    ]
  if (/no matches for kind|ensure CRDs are installed/.test(said))
    return [
      'The cluster lacks the definitions of that kind: install its operator first, or choose another mode in platform.yaml.',
    ]
  if (/forbidden/i.test(said))
    return ['This account may not do that: kubectl auth can-i --list shows what it may.']
  if (/is being terminated|being deleted/.test(said))
    return [
      'An earlier removal is not through: wait until kubectl get namespaces no longer shows it, then run it again.',
    ]
  if (/field is immutable|updates to statefulset spec/.test(said))
    return [
      'The object above cannot be changed in place: delete it (volumes stay), and run it again.',
    ]
  return ['npm run doctor looks at the cluster.']
}

function countOf(said: string): string {
  const counts = ['created', 'configured', 'unchanged'].map(
    (word) => [word, said.split('\n').filter((line) => line.endsWith(` ${word}`)).length] as const,
  )
  return counts
    .filter(([, count]) => count > 0)
    .map(([word, count]) => `${count} ${word}`)
    .join(', ')
}
