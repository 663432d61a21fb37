import { addOn } from '../../infra/components/interceptor.ts'
import { listAt, numberAt, parseJson, textAt } from '../../scripts/deploy/read-json.ts'
import type { Run } from '../../scripts/deploy/command.ts'
import { NotShown } from './check.ts'
import { definitions } from './definitions.ts'
import { madeBy } from './label.ts'
import { findNamespace, removeNamespace } from './namespace.ts'

/** Where KEDA's interceptor is let in from: named by objects of components. */
const neededNamespace = addOn.namespace

const ours = Object.entries(madeBy)
  .map(([key, value]) => `${key}=${value}`)
  .join()

/**
 * Makes the definitions and namespaces that are not there, and says which definitions it made: those that are there are
 * whoever's they are, and better.
 */
export async function makeNeeds(run: Run): Promise<string[]> {
  const metadata = { name: neededNamespace, labels: madeBy }
  if ((await findNamespace(run, neededNamespace)) === 'absent')
    await create(run, { apiVersion: 'v1', kind: 'Namespace', metadata })
  const made: string[] = []
  for (const { name, manifest } of definitions()) {
    const found = await run(['kubectl', 'get', 'crd', name, '--ignore-not-found', '--output=name'])
    if (found.stdout.trim() !== '') continue
    await create(run, manifest)
    made.push(name)
  }
  if (made.length > 0) {
    const paths = made.map((name) => `crd/${name}`)
    await sure(run, ['kubectl', 'wait', '--for=condition=Established', '--timeout=60s', ...paths])
  }
  return made
}

/** Takes away what was made, also by an earlier run; never what somebody has taken over or uses. */
export async function removeNeeds(run: Run): Promise<void> {
  if (await isEmpty(run, ['all', '--namespace', neededNamespace]))
    await removeNamespace(run, neededNamespace)
  const said = await run(['kubectl', 'get', 'crd', `--selector=${ours}`, '--output=json'])
  for (const definition of listAt(parseJson(said.stdout), 'items')) {
    const name = textAt(definition, 'metadata', 'name') ?? ''
    // Whoever installs the real one over ours changes it.
    if (numberAt(definition, 'metadata', 'generation') !== 1) continue
    if (await isEmpty(run, [name, '--all-namespaces']))
      await sure(run, ['kubectl', 'delete', 'crd', name, '--timeout=60s'])
  }
}

async function isEmpty(run: Run, what: readonly string[]): Promise<boolean> {
  const said = await run(['kubectl', 'get', ...what, '--output=name'])
  return said.status === 0 && said.stdout.trim() === ''
}

async function create(run: Run, manifest: object): Promise<void> {
  await sure(run, ['kubectl', 'create', '--filename', '-'], JSON.stringify(manifest))
}

async function sure(run: Run, command: readonly string[], input?: string): Promise<void> {
  const said = await run(command, input === undefined ? {} : { input })
  if (said.status === 0) return
  if (/forbidden/i.test(said.stderr)) throw new NotShown(`not allowed here: ${said.stderr.trim()}`)
  throw new Error(`${command.join(' ')}: ${said.stderr.trim()}`)
}
