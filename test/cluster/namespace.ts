import type { Run } from '../../scripts/deploy/command.ts'
import { parseJson, textsAt } from '../../scripts/deploy/read-json.ts'
import { madeBy } from './label.ts'

/** What stands where the tests would work: nothing, what an earlier run left, or somebody's own. */
export async function findNamespace(
  run: Run,
  name: string,
): Promise<'absent' | 'ours' | 'foreign'> {
  const said = await run([
    'kubectl',
    'get',
    'namespace',
    name,
    '--ignore-not-found',
    '--output=json',
  ])
  if (said.status !== 0) throw new Error(said.stderr.trim())
  if (said.stdout.trim() === '') return 'absent'
  const labels = textsAt(parseJson(said.stdout), 'metadata', 'labels')
  const isOurs = Object.entries(madeBy).every(([key, value]) => labels[key] === value)
  return isOurs ? 'ours' : 'foreign'
}

/** Takes away a namespace that the tests made, with all that is in it, and waits until it is gone. */
export async function removeNamespace(run: Run, name: string): Promise<void> {
  const said = await findNamespace(run, name)
  if (said !== 'ours') return
  const command = ['kubectl', '--namespace', name, 'delete']
  // A pod may finish streams for ten minutes; nobody is at the other end of these.
  await run([...command, 'deployments,statefulsets', '--all', '--wait=false'])
  await run([...command, 'pods', '--all', '--grace-period=1', '--wait=false'])
  const gone = await run(['kubectl', 'delete', 'namespace', name, '--timeout=300s'])
  if (gone.status !== 0) throw new Error(gone.stderr.trim())
}
